import type { KubeObject } from '../manifest/object.ts';
import type { DesiredImage, DesiredPod } from '../model/desired.ts';
import type { Problem } from '../model/problem.ts';
import type { BuildContext } from '../model/source.ts';
import type { ConfigData } from './config.ts';
import type { Surroundings } from './scope.ts';

/**
 * What objects came to in earlier calls, so that one that did not change, and for which nothing changed that it looked
 * up, is not resolved again. For one owner, and objects out of a `LoadMemo`: others are never the same twice.
 */
export interface ResolveMemo {
  objects: ReadonlyMap<KubeObject, Remembered>;
  readonly configs: WeakMap<KubeObject, ConfigData>;
}

/** What one object came to. */
export interface ResolvedObject {
  readonly pods: readonly DesiredPod[];
  readonly images: readonly DesiredImage[];
  readonly problems: readonly Problem[];
}

interface Remembered extends ResolvedObject {
  readonly answers: readonly Answer[];
}

/** What was looked up around an object, and found. */
interface Answer {
  readonly among: keyof Surroundings;
  readonly key: string;
  readonly found: unknown;
}

/** A {@link ResolveMemo} that knows nothing yet. */
export function resolveMemo(): ResolveMemo {
  return { objects: new Map(), configs: new WeakMap() };
}

/** What each object comes to, by `make` or from memory; the memo then knows these and no others. */
export function resolveEach(
  objects: readonly KubeObject[],
  around: Surroundings,
  memo: ResolveMemo,
  make: (object: KubeObject, around: Surroundings) => ResolvedObject,
): readonly ResolvedObject[] {
  const known = memo.objects;
  const next = new Map<KubeObject, Remembered>();
  for (const object of objects) {
    const before = known.get(object);
    next.set(object, before !== undefined && stillHolds(before, around) ? before : remember(object, around, make));
  }
  memo.objects = next;
  return [...next.values()];
}

function stillHolds({ answers }: Remembered, around: Surroundings): boolean {
  return answers.every(({ among, key, found }) => isSame(around[among].get(key), found));
}

function remember(
  object: KubeObject,
  around: Surroundings,
  make: (object: KubeObject, around: Surroundings) => ResolvedObject,
): Remembered {
  const answers: Answer[] = [];
  const noting = <V>(among: keyof Surroundings, lookup: { get(key: string): V | undefined }) => ({
    get: (key: string): V | undefined => {
      const found = lookup.get(key);
      answers.push({ among, key, found });
      return found;
    },
  });
  const { configs, claims, contexts, declared, meant, builds } = around;
  const noted: Surroundings = {
    configs: noting('configs', configs),
    claims: noting('claims', claims),
    contexts: noting('contexts', contexts),
    declared: noting('declared', declared),
    meant: noting('meant', meant),
    builds: noting('builds', builds),
  };
  return { ...make(object, noted), answers };
}

/** Build contexts are read anew with each snapshot; their digest tells whether they are the same. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isContext(one) || !isContext(other)) return false;
  return (
    one.digest === other.digest &&
    one.file === other.file &&
    one.unreadable === other.unreadable &&
    one.fault === other.fault
  );
}

function isContext(value: unknown): value is BuildContext {
  return typeof value === 'object' && value !== null && 'directory' in value && 'digest' in value;
}
