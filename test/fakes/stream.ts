/** Hints that a test sends by hand; each reader gets those sent while it reads. */
export class FakeStream {
  readonly #readers = new Set<Reader>();
  /** How many read at this moment. */
  get readers(): number {
    return this.#readers.size;
  }

  send(hint: string): void {
    for (const reader of this.#readers) reader.push(hint);
  }

  /** Ends the streams of all readers, with an error if one is given. */
  end(error?: Error): void {
    for (const reader of this.#readers) reader.close(error);
  }

  async *read(signal: AbortSignal): AsyncGenerator<string> {
    const reader = new Reader();
    const stop = (): void => reader.close();
    this.#readers.add(reader);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      yield* reader.drain();
    } finally {
      this.#readers.delete(reader);
      signal.removeEventListener('abort', stop);
    }
  }
}

class Reader {
  #hints: string[] = [];
  #closed = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  push(hint: string): void {
    this.#hints.push(hint);
    this.#wake();
  }

  close(error?: Error): void {
    this.#closed = true;
    this.#error = error;
    this.#wake();
  }

  async *drain(): AsyncGenerator<string> {
    for (;;) {
      const hints = this.#hints;
      this.#hints = [];
      yield* hints;
      if (this.#hints.length > 0) continue;
      if (this.#closed) break;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
