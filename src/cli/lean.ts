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
/** So many chunks of an image pass between two collections: more often, those on their way would be taken for lasting ones. */
const sweptChunks = 64;
/** Below so much that buffers hold nothing need be collected. */
const leastSweptBytes = 3 * 2 ** 20;
/** Above it chunks lie about that a collection of the nursery does not find. */
const outgrownBytes = 24 * 2 ** 20;

/** Keeps the memory of a process small that waits nearly all of its time (docs/decisions/0009). */
export interface Lean {
  /** Collects what passes leave behind, soon after each. */
  readonly note: Emit;
  /** Gives all of it up where the source is large. */
  readonly size: (manifests: number) => void;
}

/**
 * Makes V8 hold less: no optimising compiler (its code, and the pages of Node that hold it, are 4 MB), and a nursery that
 * stays small.
 */
function holdLittle(): void {
  setFlagsFromString('--no-opt');
  keepNurserySmall();
}

/** Buffers are let go when it is collected. */
function keepNurserySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * For a copy of an image: its chunks are let go soon. V8 collects by what JavaScript allocates, which is little beside what
 * they hold, so that a busy machine had tens of MB of them lie about. The optimising compiler stays: each chunk passes
 * through a dozen small functions, and without it a copy of 1 GB takes a quarter more of CPU time.
 *
 * @returns to be called with each chunk that passes
 */
export function copyLean(): () => void {
  keepNurserySmall();
  const beforeBytes = heldBytes();
  let collect: Collect | undefined;
  let chunks = 0;
  return () => {
    chunks += 1;
    if (chunks % sweptChunks > 0) return;
    const grownBytes = heldBytes() - beforeBytes;
    if (grownBytes < leastSweptBytes) return;
    collect ??= collector();
    // What outlived two collections of the nursery is found by a whole one alone, which takes ten times as long.
    if (grownBytes < outgrownBytes) collect?.({ type: 'minor' });
    else collect?.();
  };
}

/** What buffers hold outside V8's heap. */
function heldBytes(): number {
  return getHeapStatistics().external_memory;
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
