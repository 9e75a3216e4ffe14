import type { Clock } from '../../src/clock.ts';

interface Sleeper {
  /** Since the clock was made. */
  readonly atMs: number;
  readonly wake: () => void;
}

/** Time that stands still until a test moves it. Sleeps last as long as they were asked to, whatever the date does. */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  #dateMs: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(nowMs = 1_000_000) {
    this.#dateMs = nowMs;
  }

  now(): number {
    return this.#dateMs + this.#elapsedMs;
  }

  /** How many sleeps have not ended: zero once everything has been left cleanly. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise(resolve => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper: Sleeper = { atMs: this.#elapsedMs + Math.max(ms, 0), wake };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Moves time on by `ms`, ending each sleep at its own moment and letting everything it sets off run. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    for (;;) {
      await settled();
      const next = [...this.#sleepers].toSorted((a, b) => (a.atMs < b.atMs ? -1 : 1))[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      next.wake();
    }
    this.#elapsedMs = endMs;
    await settled();
  }

  /** Moves the date alone, forwards or back, as a suspended machine or a corrected clock does: no sleep ends by it. */
  jump(ms: number): void {
    this.#dateMs += ms;
  }
}

/** Lets all promises that are due run; timers of the fake clock stay. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise(resolve => setImmediate(resolve));
}
