import { EngineError, type PerformOptions } from '../engine/engine.ts';
import type { Key } from '../model/key.ts';
import type { ActionOf, StartedByName } from '../model/plan.ts';
import type { EffectPorts } from './perform.ts';

/** What a stop keeps of its grace period whatever came before it, in seconds (the kubelet, killContainer). */
export const leastGraceSeconds = 2;
/** Longest that a hook after a start may take, in milliseconds: nothing else is done to its pod meanwhile. */
const postStartMs = 600_000;

/**
 * Starts a container, and runs its hook after that: only then it counts as started. Where the hook fails the container
 * is stopped, and started again as its policy says. One that goes on after a pause has started before.
 *
 * @throws EngineError `HOOK_FAILED`
 */
export async function startHooked(
  action: ActionOf<'startContainer'>,
  ports: EffectPorts,
  opts: PerformOptions,
): Promise<void> {
  await ports.engine.perform(action, opts);
  if (action.resumes === true) return;
  const { pod, container } = action;
  const { name, engineName: id, hooks = {} } = container;
  await afterStart({ name, id, hooks, graceSeconds: pod.gracePeriodSeconds }, pod.key, ports, opts);
}

/**
 * Starts a pod as it stands, and runs the hooks of its containers after that, all at once.
 *
 * @throws EngineError `HOOK_FAILED`
 */
export async function startPodHooked(
  action: ActionOf<'startPod'>,
  ports: EffectPorts,
  opts: PerformOptions,
): Promise<void> {
  await ports.engine.perform(action, opts);
  const ends = (action.hooked ?? []).map(container => afterStart(container, action.pod, ports, opts));
  const failed = (await Promise.allSettled(ends)).find(end => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function afterStart(
  { name, id, hooks: { postStart, preStop }, graceSeconds }: StartedByName,
  pod: Key,
  { engine, hooks, clock }: EffectPorts,
  opts: PerformOptions,
): Promise<void> {
  if (postStart === undefined || hooks === undefined) return;
  const why = await hooks.run(postStart, { container: id }, { timeoutMs: postStartMs, signal: opts.signal });
  // Cut short by our own end it says nothing of the container, which runs on.
  opts.signal.throwIfAborted();
  if (why === undefined) return;
  const before = preStop === undefined ? {} : { preStop };
  await stopHooked({ verb: 'stopContainer', pod, name, id, graceSeconds, ...before }, { engine, hooks, clock }, opts);
  throw new EngineError('HOOK_FAILED', `Container '${name}' was stopped: its postStart hook failed: ${why}`, {
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
