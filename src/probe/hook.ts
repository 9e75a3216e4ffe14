import type { Clock } from '../clock.ts';
import type { HookHandler } from '../model/probe.ts';
import type { Dial, Target } from './ports.ts';

/** What a hook runs with. */
export interface HookPorts {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly target: Target;
}

/**
 * Runs a hook to its end, or until its time is over.
 *
 * @returns why it failed; undefined where it did not
 */
export async function runHook(
  handler: HookHandler,
  { dial, clock, target }: HookPorts,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  if (handler.type === 'sleep') {
    await clock.sleep(Math.min(handler.seconds * 1000, timeoutMs), signal);
    return undefined;
  }
  const { ok, message } = await dial(handler, target, timeoutMs);
  return ok === true ? undefined : message;
}
