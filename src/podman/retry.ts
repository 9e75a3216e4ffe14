import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../engine/engine.ts';

/** Milliseconds before each further try: a deletion that meets Podman's own clean-up succeeds within a second. */
const delaysMs = [50, 150, 400, 1000];

/** Tries again what Podman fails at while its own clean-up of the same object is under way (4.3: 3 of 60 deletions). */
export async function retryEngineError<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  for (const delayMs of delaysMs) {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'ENGINE_ERROR' || !error.transient) throw error;
    }
    await sleep(delayMs, undefined, { signal });
  }
  return task();
}
