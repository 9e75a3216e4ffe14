import { parseReference, type Reference } from '../model/reference.ts';
import { ImageError } from './failure.ts';
import { parseName, type RegistryName } from './name.ts';
import type { Registries } from './registries.ts';

/**
 * The images that a name without a transport may stand for, in the order in which they are tried: the one of its alias,
 * else one in each registry that is searched, else Docker Hub's, as in Kubernetes. Nobody is asked at a prompt: without a
 * terminal podman does the same.
 *
 * @throws ImageError `NAME_INVALID`, also where short names must not be searched in several registries
 */
export function resolveName({ aliases, search, mode }: Registries, text: string): readonly RegistryName[] {
  const reference = parseReference(text);
  if (reference === undefined || reference.registry !== undefined) return [parseName(text)];
  const alias = aliases.get(reference.repository);
  if (alias !== undefined) return [parseName(alias + ending(reference))];
  if (search.length > 1 && mode === 'enforcing') {
    const message = `Cannot tell where "${text}" is: registries.conf searches ${search.join(', ')}`;
    const hint = 'Write its registry, or give it an alias; short-name-mode = "enforcing" forbids to guess';
    throw new ImageError('NAME_INVALID', message, { hint });
  }
  if (search.length === 0) return [parseName(text)];
  return search.map(registry => parseName(`${registry}/${text}`));
}

function ending({ tag, digest }: Reference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
