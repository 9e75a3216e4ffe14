import { type Key, keyParts } from '../model/key.ts';
import { CommandError } from './error.ts';

/** What a user typed to name an object; parts left out match anything. */
export interface KeyPattern {
  readonly kind: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What can be picked: a pod, and what declared it. */
export interface Pickable {
  readonly key: Key;
  readonly declaredBy: Key;
}

/** kubectl's names and short names (`kubectl api-resources`) of the kinds that have pods. */
const kinds: Readonly<Record<string, string>> = {
  pod: 'Pod',
  pods: 'Pod',
  po: 'Pod',
  deployment: 'Deployment',
  deployments: 'Deployment',
  deploy: 'Deployment',
  'deployment.apps': 'Deployment',
  'deployments.apps': 'Deployment',
};

/**
 * Reads `Pod/default/web`, `pod/web`, `web`, `deploy/web` or `shop/web` (namespace and name).
 *
 * @throws CommandError when it is none of these
 */
export function parseKey(text: string, namespace?: string): KeyPattern {
  const parts = text.split('/');
  const [first = '', second = '', third = ''] = parts;
  const kind = kinds[first.toLowerCase()];
  if (parts.includes('') || parts.length > 3) throw malformed(text);
  if (parts.length === 1) return { kind: undefined, namespace, name: first };
  if (parts.length === 2 && kind !== undefined) return { kind, namespace, name: second };
  if (parts.length === 2) return { kind: undefined, namespace: first, name: second };
  if (kind === undefined) throw malformed(text);
  return { kind, namespace: second, name: third };
}

/** All that the pattern names: pods by their own key, and every pod of a Deployment by its Deployment's. */
export function matchKeys<T extends Pickable>(pattern: KeyPattern, among: readonly T[]): readonly T[] {
  const own = among.filter(one => matches(pattern, one.key));
  return own.length > 0 ? own : among.filter(one => matches(pattern, one.declaredBy));
}

/**
 * The pods that the user's text names.
 *
 * @throws CommandError when there is none
 */
export function pickAll<T extends Pickable>(text: string, among: readonly T[], namespace?: string): readonly T[] {
  const found = matchKeys(parseKey(text, namespace), among);
  if (found.length > 0) return found;
  const known = among.map(one => one.key).join(', ');
  const hint = known === '' ? 'Nothing of ours runs here; see `podstead status`' : `Name one of: ${known}`;
  throw new CommandError(`Cannot find "${text}": no pod or deployment of ours has that name`, { hint });
}

/**
 * The one pod that the user's text names; the first of a Deployment's, as kubectl does.
 *
 * @throws CommandError when there is none, or it names pods that do not belong together
 */
export function pickOne<T extends Pickable>(text: string, among: readonly T[], namespace?: string): T {
  const found = pickAll(text, among, namespace);
  const [first] = found;
  const owners = new Set(found.map(one => one.declaredBy));
  if (first !== undefined && owners.size === 1) return first;
  const keys = found.map(one => one.key).join(', ');
  throw new CommandError(`Cannot tell which "${text}" is meant`, { hint: `Name one of: ${keys}` });
}

function matches(pattern: KeyPattern, key: Key): boolean {
  const { kind, namespace, name } = keyParts(key);
  return (
    name === pattern.name &&
    (pattern.kind === undefined || pattern.kind === kind) &&
    (pattern.namespace === undefined || pattern.namespace === namespace)
  );
}

function malformed(text: string): CommandError {
  return new CommandError(`Cannot read "${text}" as the name of an object`, {
    hint: 'Write NAME, KIND/NAME or KIND/NAMESPACE/NAME, as in web, pod/web or Deployment/default/web',
  });
}
