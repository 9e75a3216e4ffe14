/** How many handlers may run at once. Each exec costs the engine two processes; a dial costs next to nothing. */
const width = { exec: 4, network: 256 };

/** Which queue a handler waits in. */
export type Lane = keyof typeof width;

/** Runs what it is given in order, so many of a lane at once. */
export class Lanes<T> {
  readonly #run: (item: T) => Promise<void> | undefined;
  readonly #queues = { exec: [] as T[], network: [] as T[] };
  readonly #running = { exec: 0, network: 0 };
  readonly #commands = new Set<Promise<void>>();

  /** @param run undefined where there is nothing to do for it any more; must not reject */
  constructor(run: (item: T) => Promise<void> | undefined) {
    this.#run = run;
  }

  add(lane: Lane, item: T): void {
    this.#queues[lane].push(item);
  }

  /** Begins as many as there is room for. */
  drain(lane: Lane): void {
    const queue = this.#queues[lane];
    while (this.#running[lane] < width[lane] && queue.length > 0) {
      const performing = this.#run(queue.shift() as T)?.then(() => {
        this.#running[lane] -= 1;
        this.#commands.delete(performing as Promise<void>);
        this.drain(lane);
      });
      if (performing === undefined) continue;
      this.#running[lane] += 1;
      if (lane === 'exec') this.#commands.add(performing);
    }
  }

  /** Commands under way: they are ended before we are. */
  async commandsEnded(): Promise<void> {
    await Promise.all(this.#commands);
  }
}
