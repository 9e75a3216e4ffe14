import type { Clock } from '../clock.ts';

/** `now` after the quiet window; `soon` may wait until the floor that the loop sets, so that echoes of our own work cost little. */
export type Urgency = 'now' | 'soon';

/** How long to wait for hints. Moments are milliseconds since the epoch. */
export interface Wait {
  /** Return then, hints or none. */
  readonly deadlineMs: number;
  /** Before these moments hints of that urgency are kept, not acted on. */
  readonly floorMs: { readonly [U in Urgency]: number };
  /** Return once no hint came for so long. */
  readonly quietMs: number;
  /** But wait no longer than this for quiet. */
  readonly quietMaxMs: number;
}

/** Clocks are corrected by less, in milliseconds; timers do not follow them. */
const correctionMs = 500;

/** Many hints collapse to one dirty flag: hints are kept, not queued. */
export class Wake {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #pause = new AbortController();
  #urgency: Urgency | undefined;
  #count = 0;

  /** @param signal ends every wait */
  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#pause.abort());
  }

  hint(urgency: Urgency): void {
    this.#count += 1;
    if (this.#urgency !== 'now') this.#urgency = urgency;
    this.#pause.abort();
  }

  /** Forgets the hints so far: a pass that looks at everything begins. */
  clear(): void {
    this.#urgency = undefined;
  }

  /** Resolves when it is time for a pass, or the signal aborted. */
  async next(wait: Wait): Promise<void> {
    for (let now = this.#clock.now(); !this.#signal.aborted && now < wait.deadlineMs && !this.#isDue(wait); ) {
      await this.#sleep(this.#wakeMs(wait) - now);
      // A clock that was set back would make the wait as much longer.
      const isSetBack = this.#clock.now() < now - correctionMs;
      if (isSetBack) break;
      now = this.#clock.now();
    }
    if (this.#urgency !== undefined) await this.#quiet(wait);
  }

  #isDue({ floorMs }: Wait): boolean {
    return this.#urgency !== undefined && this.#clock.now() >= floorMs[this.#urgency];
  }

  #wakeMs({ deadlineMs, floorMs }: Wait): number {
    return this.#urgency === undefined ? deadlineMs : Math.min(deadlineMs, floorMs[this.#urgency]);
  }

  async #quiet({ quietMs, quietMaxMs }: Wait): Promise<void> {
    const endMs = this.#clock.now() + quietMaxMs;
    for (let seen = -1; seen !== this.#count && !this.#signal.aborted; ) {
      seen = this.#count;
      const leftMs = endMs - this.#clock.now();
      if (leftMs <= 0) return;
      await this.#sleep(Math.min(quietMs, leftMs));
    }
  }

  #sleep(ms: number): Promise<void> {
    this.#pause = new AbortController();
    return this.#clock.sleep(ms, this.#pause.signal);
  }
}
