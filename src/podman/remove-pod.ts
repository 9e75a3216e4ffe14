import type { Signalled } from '../engine/engine.ts';
import { keyParts } from '../model/key.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { removeFiles } from './files.ts';
import { membersOf, refuseForeign } from './members.ts';
import { path } from './query.ts';
import { retryEngineError } from './retry.ts';
import { stopMembers } from './stop.ts';
import { removeEmptyDirs } from './volume.ts';

/**
 * Removes a pod with its containers, its emptyDir volumes and its files. What runs is stopped within its grace period
 * first: the engine's own deletion stops one container after the other.
 *
 * @throws EngineError `REFUSED` where somebody else put a container into it
 */
export async function removePod(context: Context, action: ActionOf<'removePod'>, { signal }: Signalled): Promise<void> {
  const { id, uid, graceSeconds } = action;
  const what = `Cannot remove pod "${keyParts(action.pod).name}"`;
  const members = await membersOf(context, id, what, signal);
  await refuseForeign(context, members, what, signal);
  if (graceSeconds > 0) await stopMembers(context, members, graceSeconds, signal);
  await forceRemovePod(context, id, what, signal);
  context.podIds.delete(uid);
  await Promise.all([removeEmptyDirs(context, uid, signal), removeFiles(context, uid)]);
}

/** Removes a pod with all in it, at once. */
export async function forceRemovePod(context: Context, id: string, what: string, signal: AbortSignal): Promise<void> {
  const query = { force: true, timeout: 0 };
  await retryEngineError(signal, () =>
    context.http.call({
      method: 'DELETE',
      path: path`/pods/${id}`,
      query,
      accept: [404],
      idempotent: true,
      what,
      signal,
    }),
  );
}

/** Removes one container, at once, with the volumes that it alone has. */
export async function removeContainer(
  context: Context,
  action: ActionOf<'removeContainer'>,
  { signal }: Signalled,
): Promise<void> {
  const what = `Cannot remove container "${action.name}" of ${action.pod}`;
  const query = { force: true, timeout: 0, volumes: true };
  const call = {
    method: 'DELETE',
    path: path`/containers/${action.id}`,
    query,
    accept: [404],
    idempotent: true,
  } as const;
  await retryEngineError(signal, () => context.http.call({ ...call, what, signal }));
}
