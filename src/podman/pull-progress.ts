import type { Progress } from '../model/event.ts';
import { number, record, text, type Unread } from './json.ts';

interface Blob {
  readonly done: number;
  /** Undefined until the engine tells it, in bytes: once a second, so never for a blob that was quicker. */
  readonly total: number | undefined;
  readonly isOver: boolean;
}

/**
 * Sums the documents of a pull (Docker's `images/create`) over the image's blobs; undefined for one that tells nothing.
 *
 * The bytes are those that come over the wire, of blobs whose size the engine has told: both sums grow as blobs are
 * met, done never falls, and at the end they are equal. What the engine had already, or got within a second, has no
 * size and is not counted.
 */
export function countBlobs(): (value: Unread) => Progress | undefined {
  const blobs = new Map<string, Blob>();
  return value => {
    const { id, status, progressDetail } = record(value);
    if (text(id) === '') return undefined;
    const old = blobs.get(text(id));
    blobs.set(text(id), next(old ?? { done: 0, total: undefined, isOver: false }, text(status), progressDetail));
    return sum([...blobs.values()]);
  };
}

/** Statuses after which no byte of a blob is to come (4.3 and 5.x). */
const overStatuses: readonly string[] = ['Download complete', 'Pull complete', 'Already exists'];

function next(old: Blob, status: string, detail: Unread): Blob {
  const { current, total: told } = record(detail);
  const total = number(told) > 0 ? number(told) : old.total;
  if (old.isOver || overStatuses.includes(status)) return { done: total ?? 0, total, isOver: true };
  // A blob that is tried again starts anew: shown when it is past where it was.
  return { done: Math.min(Math.max(old.done, number(current)), total ?? 0), total, isOver: false };
}

function sum(blobs: readonly Blob[]): Progress {
  const over = blobs.filter(({ isOver }) => isOver).length;
  const message = `${over} of ${blobs.length} blobs are there`;
  const known = blobs.filter(({ total }) => total !== undefined);
  if (known.length === 0) return { message, doneBytes: undefined, totalBytes: undefined };
  return {
    message,
    doneBytes: known.reduce((bytes, { done }) => bytes + done, 0),
    totalBytes: known.reduce((bytes, { total }) => bytes + (total ?? 0), 0),
  };
}
