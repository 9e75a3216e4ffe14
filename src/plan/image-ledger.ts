import type { Actual, ActualPod } from '../model/actual.ts';
import type { Desired, DesiredPod, DesiredVolume } from '../model/desired.ts';
import type { ImageLedger, LedgerImage, LedgerWorkload } from '../model/image-ledger.ts';
import type { Key } from '../model/key.ts';
import { imagesOfPod } from './images.ts';

/** On a pod or the template of a Deployment: references of images to keep, with spaces between. */
export const keepImagesAnnotation = 'podstead.dev/keep-images';

/** An image that came later than so many ms ago may be missing from a look that began before. */
const lookMs = 3_600_000;

/**
 * The ledger after a look: what runs now, since when images are unused, and what workloads ask for. Where nothing
 * changed it is the same object, so that a pass that finds nothing writes nothing.
 */
export function noteImages(ledger: ImageLedger, desired: Desired, actual: Actual, nowMs: number): ImageLedger {
  const images = noteUses(ledger, actual, nowMs);
  const workloads = noteWorkloads(ledger, desired, actual);
  const after = { ...ledger, images, workloads };
  return same(after, ledger) ? ledger : after;
}

/** The ledger after an image came by us that the engine did not have; or came again, under another name. */
export function noteImage(
  ledger: ImageLedger,
  { id, names, isNew }: { readonly id: string; readonly names: readonly string[]; readonly isNew: boolean },
  nowMs: number,
): ImageLedger {
  const known = ledger.images[id];
  if (known === undefined && !isNew) return ledger;
  const all = [...new Set([...(known?.names ?? []), ...names])].sort();
  return { ...ledger, images: { ...ledger.images, [id]: { unusedSinceMs: nowMs, ...known, names: all } } };
}

/**
 * The ledger with what `podstead build` made by hand, as builds are noted apart from it. It came by us under no name: a name
 * that it has was asked for by somebody, who may want it, and one whose name has gone to a later build is of no use.
 */
export function withBuilt(
  ledger: ImageLedger,
  built: Iterable<{ readonly id: string; readonly builtAtMs: number }>,
): ImageLedger {
  const images = [...built].map(({ id, builtAtMs }) => [id, { names: [], unusedSinceMs: builtAtMs }] as const);
  return { ...ledger, images: { ...Object.fromEntries(images), ...ledger.images } };
}

function noteUses({ images }: ImageLedger, actual: Actual, nowMs: number): ImageLedger['images'] {
  const used = new Set(
    [...actual.pods.values()].flatMap(pod => [...pod.containers.values()].map(({ imageId }) => imageId)),
  );
  const isThere = ([id, { unusedSinceMs }]: readonly [string, LedgerImage]): boolean =>
    actual.images.has(id) || nowMs - (unusedSinceMs ?? nowMs) < lookMs;
  const there = Object.entries(images).filter(isThere);
  return Object.fromEntries(
    there.map(([id, { names, unusedSinceMs }]): readonly [string, LedgerImage] => [
      id,
      used.has(id) ? { names } : { names, unusedSinceMs: unusedSinceMs ?? nowMs },
    ]),
  );
}

function noteWorkloads({ workloads }: ImageLedger, desired: Desired, actual: Actual): ImageLedger['workloads'] {
  const ours = byWorkload(actual.pods.values());
  const wanted = byWorkload(desired.pods.values());
  const claims = new Map([...desired.volumes.values()].flatMap(volume => claimOf(volume)));
  const volumes = new Set([...actual.volumes.values()].flatMap(({ key }) => key ?? []));
  const isThere = (key: Key): boolean =>
    ours.has(key) || wanted.has(key) || claims.has(key) || volumes.has(key) || desired.held.has(key);
  const known = Object.keys(workloads).map(key => key as Key);
  const keys = [...new Set([...known, ...ours.keys(), ...wanted.keys(), ...claims.keys()])].filter(isThere).sort();
  return Object.fromEntries(
    keys.map((key): readonly [Key, LedgerWorkload] => {
      const before = workloads[key] ?? { references: [], pinned: [], ran: {} };
      const pods = wanted.get(key);
      const asked = pods === undefined ? before : askedOf(pods);
      const references = claims.get(key) ?? asked.references;
      return [key, { references, pinned: asked.pinned, ran: ranBy(before.ran, ours.get(key) ?? []) }];
    }),
  );
}

function byWorkload<T extends { readonly declaredBy: Key }>(pods: Iterable<T>): ReadonlyMap<Key, readonly T[]> {
  const groups = new Map<Key, T[]>();
  for (const pod of pods) {
    const group = groups.get(pod.declaredBy);
    if (group === undefined) groups.set(pod.declaredBy, [pod]);
    else group.push(pod);
  }
  return groups;
}

function claimOf({ driver, options, key }: DesiredVolume): readonly (readonly [Key, readonly string[]])[] {
  return driver === 'image' && options.image !== undefined ? [[key, [options.image]]] : [];
}

function askedOf(pods: readonly DesiredPod[]): Pick<LedgerWorkload, 'references' | 'pinned'> {
  const references = pods.flatMap(pod => imagesOfPod(pod).map(({ image }) => image));
  const pinned = pods.flatMap(({ sandbox }) => (sandbox.annotations[keepImagesAnnotation] ?? '').split(/[\s,]+/));
  return { references: sorted(references), pinned: sorted(pinned.filter(word => word !== '')) };
}

function sorted(words: readonly string[]): readonly string[] {
  return [...new Set(words)].sort();
}

/** A container that never ran is no change yet: its pod may fail, and the way back needs the image before. */
function ranBy(before: LedgerWorkload['ran'], pods: readonly ActualPod[]): LedgerWorkload['ran'] {
  const ran: Record<string, readonly string[]> = { ...before };
  const byAge = pods.toSorted((a, b) => a.infra.createdAtMs - b.infra.createdAtMs || (a.key < b.key ? -1 : 1));
  const latest = new Map<string, string>();
  for (const { name, imageId, startedAtMs } of byAge.flatMap(pod => [...pod.containers.values()])) {
    if (startedAtMs > 0) latest.set(name, imageId);
  }
  for (const [name, id] of latest) {
    const [current, ...older] = Object.hasOwn(ran, name) ? (ran[name] ?? []) : [];
    if (current !== id) ran[name] = [id, ...(current === undefined ? older : [current])].slice(0, 2);
  }
  return Object.fromEntries(Object.entries(ran).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
