import type { ImageLedger } from '../model/image-ledger.ts';

/** When images go that nobody needs. */
export interface GcPolicy {
  /** One that was used within so many milliseconds stays. */
  readonly keepAgeMs: number;
  /** So many stay, those that were used last. */
  readonly keep: number;
  /** Only as many go as it takes to have so many bytes free; all that may where undefined. */
  readonly freeBytes: number | undefined;
}

/** An image of the engine, whoever it is from. */
export interface StoredImage {
  readonly id: string;
  readonly names: readonly string[];
  /** In bytes, with what it shares with others. */
  readonly size: number;
  /** It has the label that says so. */
  readonly isKept: boolean;
}

export interface GcView {
  readonly images: readonly StoredImage[];
  readonly ledger: ImageLedger;
  /** By image id: a container that has it, of whomever, running or not. */
  readonly users: ReadonlyMap<string, string>;
  /** The id behind a reference; undefined where the engine has none. */
  readonly idOf: (reference: string) => string | undefined;
  readonly nowMs: number;
  /** On the file system of the store; undefined where nobody can tell. */
  readonly freeBytes: number | undefined;
}

export interface GcRow {
  readonly image: StoredImage;
  readonly remove: boolean;
  readonly why: string;
}

/**
 * Which images go, and why each stays or goes. Never one that did not come by us, that a container has, that something
 * declared needs or pins, that somebody named, or that a workload ran before its last change.
 *
 * Rows are sorted: what goes first, in the order in which it goes, and then what stays, by name.
 */
export function decideImages(view: GcView, policy: GcPolicy): readonly GcRow[] {
  const needed = neededBy(view);
  const rows = view.images.map(image => ({ image, why: reasonToKeep(image, view, needed) }));
  const kept = rows.flatMap(({ image, why }) => (why === undefined ? [] : [{ image, remove: false, why }]));
  const candidates = rows.flatMap(({ image, why }) => (why === undefined ? [image] : []));
  const judged = judge(candidates, view, policy);
  const stay = [...kept, ...judged.filter(({ remove }) => !remove)].toSorted(byName);
  return [...judged.filter(({ remove }) => remove), ...stay];
}

function byName({ image: a }: GcRow, { image: b }: GcRow): number {
  const [left, right] = [`${a.names[0] ?? '~'} ${a.id}`, `${b.names[0] ?? '~'} ${b.id}`];
  return left < right ? -1 : 1;
}

/** Why an image may not go whatever the policy; undefined for one that may. */
function reasonToKeep(image: StoredImage, view: GcView, needed: ReadonlyMap<string, string>): string | undefined {
  const user = view.users.get(image.id);
  if (user !== undefined) return `container ${user} has it`;
  const known = Object.hasOwn(view.ledger.images, image.id) ? view.ledger.images[image.id] : undefined;
  if (known === undefined) return 'it did not come by Podstead';
  const need = needed.get(image.id);
  if (need !== undefined) return need;
  if (image.isKept) return 'its label says so';
  const other = image.names.find(name => !known.names.includes(name));
  return other === undefined ? undefined : `somebody named it ${other}`;
}

/** Ids that workloads hold on to, each with the first reason. */
function neededBy({ ledger, idOf }: GcView): ReadonlyMap<string, string> {
  const needed = new Map<string, string>();
  const add = (id: string | undefined, why: string): void => {
    if (id !== undefined && !needed.has(id)) needed.set(id, why);
  };
  for (const [key, { references, pinned, ran }] of Object.entries(ledger.workloads)) {
    for (const reference of references) add(idOf(reference), `${key} needs it`);
    for (const [current, previous] of Object.values(ran)) {
      add(current, `${key} runs it`);
      add(previous, `${key} ran it before its last change`);
    }
    for (const reference of pinned) add(idOf(reference), `${key} pins it`);
  }
  return needed;
}

/** The policy, on images that may go: the one that is unused for longest goes first. */
function judge(candidates: readonly StoredImage[], view: GcView, policy: GcPolicy): readonly GcRow[] {
  const since = ({ id }: StoredImage): number => view.ledger.images[id]?.unusedSinceMs ?? view.nowMs;
  const newestFirst = candidates.toSorted((a, b) => since(b) - since(a) || (a.id < b.id ? -1 : 1));
  const rows = newestFirst.map((image, index): GcRow => {
    // A clock that was set back makes no image old.
    const ageMs = Math.max(view.nowMs - since(image), 0);
    const stay = (why: string): GcRow => ({ image, remove: false, why });
    if (index < policy.keep) return stay(`among the ${policy.keep} that were used last`);
    if (ageMs < policy.keepAgeMs) return stay('used not long ago');
    return { image, remove: true, why: 'nothing needs it' };
  });
  return withinTarget(rows.toReversed(), view, policy);
}

function withinTarget(oldestFirst: readonly GcRow[], { freeBytes }: GcView, policy: GcPolicy): readonly GcRow[] {
  if (policy.freeBytes === undefined) return oldestFirst;
  let missing = policy.freeBytes - (freeBytes ?? policy.freeBytes);
  return oldestFirst.map(row => {
    if (!row.remove) return row;
    if (missing <= 0) return { ...row, remove: false, why: 'there is space enough' };
    missing -= row.image.size;
    return { ...row, why: 'nothing needs it, and space is short' };
  });
}
