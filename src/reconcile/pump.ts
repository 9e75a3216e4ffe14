import { isFailure } from '../apply/failure.ts';
import type { Clock } from '../clock.ts';
import { backoffMs } from './backoff.ts';

/** A stream without an error for so long is taken for connected, in milliseconds: a socket refuses at once. */
const connectedMs = 250;
/** Connecting costs next to nothing, and an engine that is back should be met at once. */
const reconnect = { firstMs: 500, maxMs: 2000 };

export interface PumpOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Something may have changed. */
  readonly onHint: () => void;
  /** Of a stream that keeps its hints while nobody reads it: its beginning is no hint. Default false. */
  readonly keepsHints?: boolean;
}

/**
 * Passes on the hints of a stream until the signal aborts, opening it again when it ends or fails. As hints get lost
 * while it is down, each end and each new beginning is a hint too.
 */
export async function pump(
  open: (opts: { signal: AbortSignal }) => AsyncIterable<string>,
  opts: PumpOptions,
): Promise<void> {
  const { clock, random, signal, onHint } = opts;
  for (let failures = 0; !signal.aborted; ) {
    const isAlive = await drain(open({ signal }), opts);
    if (signal.aborted) return;
    if (isAlive) failures = 0;
    failures += 1;
    // An engine that stays away must not cause a pass at each knock.
    if (failures === 1) onHint();
    await clock.sleep(backoffMs(reconnect, failures, random()), signal);
  }
}

/** Reads a stream to its end. @returns whether it ever answered */
async function drain(
  stream: AsyncIterable<string>,
  { clock, signal, onHint, keepsHints = false }: PumpOptions,
): Promise<boolean> {
  const ended = new AbortController();
  let isAlive = false;
  const connected = clock.sleep(connectedMs, ended.signal).then(() => {
    if (ended.signal.aborted) return;
    isAlive = true;
    if (!keepsHints) onHint();
  });
  try {
    for await (const _hint of stream) {
      isAlive = true;
      onHint();
    }
  } catch (error) {
    // What the stream died of shows in the next pass, which says so.
    if (!signal.aborted && !isFailure(error)) throw error;
  } finally {
    ended.abort();
    await connected;
  }
  return isAlive;
}
