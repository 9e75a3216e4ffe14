import { setTimeout as sleep } from 'node:timers/promises';
import type { Signalled } from '../engine/engine.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import type { Call } from './http.ts';
import { record, text } from './json.ts';
import { type Member, membersOf, refuseForeign } from './members.ts';
import { path } from './query.ts';
import { reasonOf, refusal } from './status.ts';
import { isBefore } from './version.ts';

/** Longer than the engine needs around the grace period itself, in milliseconds. */
const stopSlackMs = 30_000;

/** How often a stop that somebody else began is looked at, in milliseconds. */
const lookMs = 100;

/** Stops one container: its stop signal, and SIGKILL after the grace period. Stopped or gone is done. */
export async function stopContainer(
  context: Context,
  action: ActionOf<'stopContainer'>,
  { signal }: Signalled,
): Promise<void> {
  const { id, graceSeconds } = action;
  const what = `Cannot stop container "${action.name}" of ${action.pod}`;
  const left = await graceLeft(context, { id, graceSeconds }, what, signal);
  await stop(context, id, left, what, 1, signal);
}

/**
 * The grace to give a container now. One that is stopping has had its signal, from somebody else or from an engine that
 * died since: it gets no second one, and what is left of it after its grace period none at all.
 */
async function graceLeft(
  context: Context,
  { id, graceSeconds }: { readonly id: string; readonly graceSeconds: number },
  what: string,
  signal: AbortSignal,
): Promise<number> {
  const call = { method: 'GET', path: path`/containers/${id}/json`, accept: [404], what, signal } as const;
  const isStopping = async (): Promise<boolean> =>
    text(record(record((await context.http.call(call)).body).State).Status) === 'stopping';
  if (!(await isStopping())) return graceSeconds;
  for (let waitedMs = 0; waitedMs < graceSeconds * 1000; waitedMs += lookMs) {
    await sleep(lookMs, undefined, { signal });
    if (!(await isStopping())) return graceSeconds;
  }
  return 0;
}

/**
 * Stops the containers of a pod in parallel, and its sandbox last. Not by the pod's own stop, which does nothing unless
 * each and every container runs.
 *
 * @throws EngineError `REFUSED` where somebody else put a container into it
 */
export async function stopPod(context: Context, action: ActionOf<'stopPod'>, { signal }: Signalled): Promise<void> {
  const what = `Cannot stop ${action.pod}`;
  const members = await membersOf(context, action.id, what, signal);
  await refuseForeign(context, members, what, signal);
  await stopMembers(context, members, action.graceSeconds, signal);
  for (const { id } of members.filter(isLiveInfra)) await stop(context, id, action.graceSeconds, what, 1, signal);
}

function isLiveInfra({ isInfra, state }: Member): boolean {
  return isInfra && !isIdle(state);
}

/** Nothing is left to stop: it never ran, it has ended, or a removal of it has begun. */
function isIdle(state: string): boolean {
  return state === 'created' || state === 'exited' || state === 'removing';
}

/** Stops everything but the sandbox, each within the grace period. */
export async function stopMembers(
  context: Context,
  members: readonly Member[],
  graceSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const live = members.filter(({ isInfra, state }) => !isInfra && !isIdle(state));
  // From 5.5 on stops of one pod wait for one another.
  const turns = isBefore(context.version, 5, 5) ? 1 : live.length;
  await Promise.all(
    live.map(async ({ id, name, state }) => {
      const what = `Cannot stop container "${name}"`;
      const left = state === 'stopping' ? await graceLeft(context, { id, graceSeconds }, what, signal) : graceSeconds;
      await stop(context, id, left, what, turns, signal);
    }),
  );
}

async function stop(
  context: Context,
  id: string,
  graceSeconds: number,
  what: string,
  turns: number,
  signal: AbortSignal,
): Promise<void> {
  const call: Call = {
    method: 'POST',
    path: path`/containers/${id}/stop`,
    query: { timeout: graceSeconds },
    accept: [304, 404],
    idempotent: true,
    timeoutMs: graceSeconds * 1000 * turns + stopSlackMs,
    what,
    signal,
  };
  const { status, body } = await context.http.call({ ...call, accept: [304, 404, 500] });
  if (status !== 500) return;
  const reason = reasonOf(JSON.stringify(body));
  if (!reason.message.includes('paused')) throw refusal(what, status, reason);
  // A paused process takes no signal: 4.3 gives up on it without a word of what to do.
  await context.http.call({ method: 'POST', path: path`/containers/${id}/unpause`, accept: [404, 500], what, signal });
  await context.http.call(call);
}
