/** Many hints, one dirty flag: a hint is kept until somebody asks, and never queued. */
export interface HintBox {
  put(reason: string): void;
  /** The reasons put in, the first one for many, until the signal aborts. */
  take(signal: AbortSignal): AsyncGenerator<string, void, undefined>;
}

/** An empty {@link HintBox}. */
export function hintBox(): HintBox {
  let reason: string | undefined;
  let wake = (): void => {};
  return {
    put(text) {
      reason ??= text;
      wake();
    },
    async *take(signal) {
      const onAbort = (): void => wake();
      signal.addEventListener('abort', onAbort);
      try {
        while (!signal.aborted) {
          if (reason === undefined) {
            await new Promise<void>(resolve => {
              wake = resolve;
            });
            continue;
          }
          const hint = reason;
          reason = undefined;
          yield hint;
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}
