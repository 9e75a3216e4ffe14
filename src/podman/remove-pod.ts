import type { Signalled } from '../engine/engine.ts';
import { keyParts } from '../model/key.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { removeFiles } from './files.ts';
import { type Member, membersOf, refuseForeign } from './members.ts';
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
  await removeKeeping(context, members, what, signal);
  await forceRemovePod(context, id, what, signal);
  context.podIds.delete(uid);
  context.made.delete(uid);
  await Promise.all([removeEmptyDirs(context, uid, signal), removeFiles(context, uid)]);
  await context.adoptions.forget(id);
}

/** Removes the containers whose volumes stay, also those without a name: with the pod, the engine removes these. */
export async function removeKeeping(
  context: Context,
  members: readonly Member[],
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const keeping = members.filter(member => !member.isInfra && member.labels[labels.keeps] === 'volumes');
  await Promise.all(keeping.map(({ id }) => forceRemove(context, id, { volumes: false, what, signal })));
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

/** Removes one container, at once, with the volumes that it alone has unless they are to stay. */
export async function removeContainer(
  context: Context,
  action: ActionOf<'removeContainer'>,
  { signal }: Signalled,
): Promise<void> {
  const what = `Cannot remove container "${action.name}" of ${action.pod}`;
  await forceRemove(context, action.id, { volumes: action.keepsVolumes !== true, what, signal });
}

async function forceRemove(
  context: Context,
  id: string,
  { volumes, what, signal }: Signalled & { readonly volumes: boolean; readonly what: string },
): Promise<void> {
  const query = { force: true, timeout: 0, volumes };
  const call = { method: 'DELETE', path: path`/containers/${id}`, query, accept: [404], idempotent: true } as const;
  await retryEngineError(signal, () => context.http.call({ ...call, what, signal }));
}
