import type { Actual } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { Notice } from '../model/event.ts';

/** The newest image that a name stood for, as far as anybody saw. */
export interface SeenImage {
  readonly id: string;
  /** When it was made, by its own configuration; milliseconds since the epoch. */
  readonly createdMs: number;
}

/** By the reference as manifests write it. */
export type SeenImages = ReadonlyMap<string, SeenImage>;

export interface ImageMemory {
  /** Empty where nothing was saved or it cannot be read. */
  load(): Promise<SeenImages>;
  save(seen: SeenImages): Promise<void>;
}

/** Images made so that they can be made again have a time that says nothing: the start of Unix, or of FAT in 1980. */
const firstTrueMs = Date.UTC(1981, 0);
/** More are not remembered; the oldest memories go first. */
const mostSeen = 1000;

export interface Compared {
  readonly notices: readonly Notice[];
  /** What is to be remembered now; undefined where nothing is new. */
  readonly seen: SeenImages | undefined;
}

/**
 * Finds names that stand for an older image than they did before: a registry, or somebody before it, that serves what
 * was mended since.
 *
 * What is built here and what is pinned by its digest is as it was asked for.
 */
export function compareImages(desired: Desired, actual: Actual, seen: SeenImages): Compared {
  const notices: Notice[] = [];
  const fresh = new Map<string, SeenImage>();
  for (const { reference, build } of desired.images.values()) {
    const found = actual.images.get(reference);
    const createdMs = found?.createdMs ?? 0;
    if (found === undefined || createdMs < firstTrueMs || build !== undefined || reference.includes('@')) continue;
    const known = seen.get(reference);
    if (known !== undefined && createdMs < known.createdMs) notices.push(olderNotice(reference, createdMs, known));
    else if (known?.id !== found.id) fresh.set(reference, { id: found.id, createdMs });
  }
  if (fresh.size === 0) return { notices, seen: undefined };
  const rest = [...seen].filter(([reference]) => !fresh.has(reference));
  return { notices, seen: new Map([...rest, ...fresh].slice(-mostSeen)) };
}

function olderNotice(reference: string, createdMs: number, known: SeenImage): Notice {
  const [now, before] = [createdMs, known.createdMs].map(ms => new Date(ms).toISOString());
  return {
    code: 'IMAGE_OLDER',
    message: `Image '${reference}' is older than it was before: made ${now}, where it had been made ${before}`,
    hint: "Ask who moved the tag; where that is meant, pin its digest, or remove 'newest-images.json' from the state directory",
  };
}
