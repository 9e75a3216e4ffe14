import { setTimeout as later } from 'node:timers';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Emit } from '../model/event.ts';

/** Above so many manifests, speed is worth more than memory. */
const largeSource = 1000;
/** So much of what was allocated since the last collection is let be, in bytes. */
const slackBytes = 3e6;
/** After a pass, until its steps' first events are over, in ms. */
const calmMs = 1000;
/** So many bytes of an image pass between two collections of its chunks. */
const sweptBytes = 4 * 2 ** 20;

/** Keeps the memory of a process small that waits nearly all of its time (docs/decisions/0009). */
export interface Lean {
  /** Collects what passes leave behind, soon after each. */
  readonly note: Emit;
  /** Gives all of it up where the source is large. */
  readonly size: (manifests: number) => void;
}

/**
 * Makes V8 hold less: no optimising compiler (its code, and the pages of Node that hold it, are 4 MB), and a nursery that
 * stays small. Buffers are let go when it is collected: a copy of images, which spends its time in Node and OpenSSL, peaks
 * at two thirds of its memory by that, and is no slower.
 */
export function holdLittle(): void {
  setFlagsFromString('--no-opt');
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * The same for a copy of an image, and its chunks let go soon: V8 collects by what JavaScript allocates, which is little
 * beside what they hold, so that a busy machine had tens of MB of them lie about.
 *
 * @returns takes how many bytes were copied so far
 */
export function copyLean(): (doneBytes: number) => void {
  holdLittle();
  let collect: Collect | undefined;
  let dueBytes = sweptBytes;
  return doneBytes => {
    if (doneBytes < dueBytes) return;
    dueBytes = doneBytes + sweptBytes;
    collect ??= collector();
    collect?.({ type: 'minor' });
  };
}

/** Of the nursery alone where it says so. */
type Collect = (opts?: { readonly type: 'minor' }) => void;

function collector(): Collect | undefined {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}

/** The same, and a collection when a few MB were left behind, where V8 itself would wait for tens of them. */
export function liveLean(): Lean {
  holdLittle();
  let collect = collector();
  let least = 0;
  let isDue = false;
  const trim = (): void => {
    isDue = false;
    if (getHeapStatistics().used_heap_size < least + slackBytes) return;
    collect?.();
    least = getHeapStatistics().used_heap_size;
  };
  return {
    note: ({ type }) => {
      if (type !== 'planned' || isDue || collect === undefined) return;
      isDue = true;
      later(trim, calmMs).unref();
    },
    size: manifests => {
      if (manifests <= largeSource || collect === undefined) return;
      collect = undefined;
      setFlagsFromString('--opt');
      setFlagsFromString('--semi-space-growth-factor=2');
    },
  };
}
