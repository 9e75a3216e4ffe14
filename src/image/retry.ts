import { setTimeout as sleep } from 'node:timers/promises';
import { ImageError } from './failure.ts';

/** How often what failed is tried again, and how the time between goes by. */
export interface Retries {
  /** Beside the first try. */
  readonly times: number;
  readonly wait: (ms: number) => Promise<void>;
}

/** Waits in real time, until the signal aborts. */
export function patiently(times: number, signal: AbortSignal): Retries {
  return { times, wait: ms => sleep(ms, undefined, { signal }) };
}

const firstDelayMs = 500;
/** A registry that asks for more is not waited for: people shall know. In ms. */
const longestDelayMs = 60_000;

/** Tries again what failed in passing: after 0.5 s, 1 s, 2 s …, or as long as the other side asks for. */
export async function retrying<T>(retries: Retries, task: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await task();
    } catch (error) {
      await waitToRetry(retries, tried, error);
    }
  }
}

/** Waits before another try. @throws the error, where trying again is no use or was tried often enough */
export async function waitToRetry({ times, wait }: Retries, tried: number, error: unknown): Promise<void> {
  if (!(error instanceof ImageError) || !error.transient || tried >= times) throw error;
  const delayMs = Math.max(firstDelayMs * 2 ** tried, error.retryAfterMs ?? 0);
  if (delayMs > longestDelayMs) throw error;
  await wait(delayMs);
}
