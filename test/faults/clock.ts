import { mkdtempSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { After } from '../e2e/host.ts';
import type { Listing } from './engine-proxy.ts';

/** The clock of a program that a test starts, apart from the machine's. */
export interface ProgramClock {
  /** Environment in which Node lives by it. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it forward by so many milliseconds from the machine's time, or back with 0. */
  move(byMs: number): Promise<void>;
  /** The list of containers as an engine tells it that lives by the same clock. */
  stamp(entry: Listing): Listing;
}

/**
 * Makes one. Moves are those of a machine whose clock is set: the date changes, timers do not notice. Go asks the kernel
 * itself, so that no library moves an engine's clock: {@link ProgramClock.stamp} rewrites the times that it tells.
 *
 * @param rate how much faster than the machine's it goes
 */
export async function programClock(t: After, rate = 1): Promise<ProgramClock> {
  const dir = mkdtempSync(join(tmpdir(), 'pdc-'));
  t.after(() => rm(dir, { recursive: true }));
  const file = join(dir, 'moved');
  await writeFile(file, '0');
  /** Since when, in seconds since the epoch, it is moved by how many. */
  const moves: { readonly since: number; readonly by: number }[] = [];
  const shifted = (seconds: unknown): unknown => {
    if (typeof seconds !== 'number') return seconds;
    return seconds + (moves.findLast(({ since }) => since <= seconds)?.by ?? 0);
  };
  return {
    env: {
      NODE_OPTIONS: `--require=${resolve(import.meta.dirname, 'shifted-clock.cjs')}`,
      CLOCK_FILE: file,
      CLOCK_RATE: String(rate),
    },
    move: async byMs => {
      await writeFile(`${file}.new`, String(byMs));
      moves.push({ since: Math.floor(Date.now() / 1000), by: byMs / 1000 });
      await rename(`${file}.new`, file);
    },
    stamp: entry => ({ ...entry, StartedAt: shifted(entry.StartedAt), ExitedAt: shifted(entry.ExitedAt) }),
  };
}
