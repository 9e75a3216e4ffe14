import { type Key, keyParts } from '../model/key.ts';
import type { Fields } from './json.ts';

/** Name and namespace as `metadata` has them: the default namespace goes without saying. */
export function nameOf(key: Key): Fields {
  const { namespace, name } = keyParts(key);
  return namespace === 'default' ? { name } : { name, namespace };
}
