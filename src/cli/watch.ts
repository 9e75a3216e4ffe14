import type { Clock } from '../clock.ts';

/** Between two looks when nothing hints at a change, in milliseconds: times and ages move by themselves. */
const restMs = 5000;
/** Hints come in bursts; this long after the first one we look, in milliseconds. */
const quietMs = 150;

/** Turns hints into looks: yields after each burst of hints, and at the latest every few seconds, until the signal. */
export async function* looks(
  hints: (opts: { readonly signal: AbortSignal }) => AsyncIterable<string>,
  opts: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<void, void> {
  const { clock, signal } = opts;
  let hinted = new AbortController();
  const listen = async (): Promise<void> => {
    for await (const _ of hints({ signal })) hinted.abort();
  };
  // Hints are only hints: without them, looking now and then is enough.
  void listen().catch(() => undefined);
  while (!signal.aborted) {
    await clock.sleep(restMs, AbortSignal.any([signal, hinted.signal]));
    if (hinted.signal.aborted) await clock.sleep(quietMs, signal);
    hinted = new AbortController();
    if (!signal.aborted) yield;
  }
}
