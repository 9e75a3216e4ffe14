import { EngineError, type PerformOptions } from '../engine/engine.ts';
import type { ActionOf } from '../model/plan.ts';
import type { EffectPorts } from './perform.ts';

/** What a stop keeps of its grace period whatever its hook took, in seconds (the kubelet, killContainer). */
const leastGraceSeconds = 2;
/** Longest that a hook after a start may take, in milliseconds: nothing else is done to its pod meanwhile. */
const postStartMs = 600_000;

/**
 * Starts a container, and runs its hook after that: only then it counts as started. Where the hook fails the container
 * is stopped, and started again as its policy says.
 *
 * @throws EngineError `HOOK_FAILED`
 */
export async function startHooked(
  action: ActionOf<'startContainer'>,
  { engine, hooks, clock }: EffectPorts,
  opts: PerformOptions,
): Promise<void> {
  await engine.perform(action, opts);
  const { pod, container } = action;
  const { postStart, preStop } = container.hooks ?? {};
  if (postStart === undefined || hooks === undefined) return;
  const place = { container: container.engineName };
  const why = await hooks.run(postStart, place, { timeoutMs: postStartMs, signal: opts.signal });
  // Cut short by our own end it says nothing of the container, which runs on.
  opts.signal.throwIfAborted();
  if (why === undefined) return;
  const graceSeconds = pod.gracePeriodSeconds;
  const what = { verb: 'stopContainer', pod: pod.key, name: container.name, id: container.engineName } as const;
  const stop = { ...what, graceSeconds };
  await stopHooked(preStop === undefined ? stop : { ...stop, preStop }, { engine, hooks, clock }, opts);
  throw new EngineError('HOOK_FAILED', `Container '${container.name}' was stopped: its postStart hook failed: ${why}`, {
    hint: 'Correct lifecycle.postStart, or what it calls',
  });
}

/** Runs a container's hook before its stop, and takes the hook's time off the grace period. A hook that fails stops nothing. */
export async function stopHooked(
  action: ActionOf<'stopContainer'>,
  { engine, hooks, clock }: Pick<EffectPorts, 'engine' | 'hooks' | 'clock'>,
  opts: PerformOptions,
): Promise<void> {
  const { preStop, graceSeconds, id } = action;
  if (preStop === undefined || hooks === undefined || graceSeconds <= 0) return engine.perform(action, opts);
  const beganMs = clock.now();
  const why = await hooks.run(preStop, { container: id }, { timeoutMs: graceSeconds * 1000, signal: opts.signal });
  if (why !== undefined) opts.onProgress(said(`preStop hook of container '${action.name}' failed: ${why}`));
  const spentSeconds = Math.max(Math.floor((clock.now() - beganMs) / 1000), 0);
  return engine.perform({ ...action, graceSeconds: Math.max(graceSeconds - spentSeconds, leastGraceSeconds) }, opts);
}

function said(message: string): Parameters<PerformOptions['onProgress']>[0] {
  return { message, doneBytes: undefined, totalBytes: undefined };
}
