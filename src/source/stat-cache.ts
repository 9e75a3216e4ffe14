import type { BigIntStats } from 'node:fs';

/** Remembers what was made of a file for as long as its stat says that it is the same. */
export interface StatCache<V> {
  get(path: string, stat: BigIntStats): V | undefined;
  /** `readAtMs` is the time (milliseconds since the epoch) before the first byte was read. */
  set(path: string, stat: BigIntStats, value: V, readAtMs: number): void;
  /** Forgets every path that was neither asked for nor set since the last sweep. */
  sweep(): void;
}

/**
 * How old a file's times must be when it is read for its stat to prove anything later: a file that is written twice
 * within one tick of the filesystem's clock keeps its times (git's documentation calls it "racy", racy-git.txt; FAT
 * counts in steps of two seconds).
 */
const settledMs = 2000n;

interface Entry<V> {
  readonly stat: BigIntStats;
  readonly value: V;
}

/** An empty {@link StatCache}. */
export function statCache<V>(): StatCache<V> {
  const entries = new Map<string, Entry<V>>();
  const touched = new Set<string>();
  return {
    get(path, stat) {
      touched.add(path);
      const entry = entries.get(path);
      return entry !== undefined && isSame(entry.stat, stat) ? entry.value : undefined;
    },
    set(path, stat, value, readAtMs) {
      touched.add(path);
      if (settled(stat, readAtMs)) entries.set(path, { stat, value });
      else entries.delete(path);
    },
    sweep() {
      for (const path of entries.keys()) if (!touched.has(path)) entries.delete(path);
      touched.clear();
    },
  };
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  const sameFile = a.ino === b.ino && a.dev === b.dev && a.mode === b.mode;
  return sameFile && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}

function settled(stat: BigIntStats, readAtMs: number): boolean {
  const at = BigInt(Math.trunc(readAtMs));
  return at - stat.mtimeMs > settledMs && at - stat.ctimeMs > settledMs;
}

/** Identity of a file or directory while it lives: `dev:ino`. */
export function identityOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}
