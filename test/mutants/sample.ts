import type { MachineFault } from './machine.ts';

/** So many of the faults, the same for the same seed, in their order. */
export function sampled(all: readonly MachineFault[], size: number, seed: number): readonly MachineFault[] {
  const random = randomFrom(seed);
  const drawn = all.map(fault => ({ fault, at: random() })).sort((a, b) => a.at - b.at);
  const picked = new Set(drawn.slice(0, size).map(({ fault }) => fault));
  return all.filter(fault => picked.has(fault));
}

/** Whether two runs speak of one fault: ids and line numbers move with each edit. */
export function isSame(one: MachineFault, other: MachineFault): boolean {
  return one.file === other.file && one.code === other.code && one.from === other.from && one.to === other.to;
}

/** mulberry32, a generator of 32 bits (Tommy Ettinger, public domain), in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
