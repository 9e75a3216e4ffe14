import type { DesiredPod } from '../model/desired.ts';
import type { Context } from './context.ts';
import { giveToGroup, isOfGroup } from './ownership.ts';
import { inspectVolume, openVolume } from './volume.ts';

/**
 * Gets the claims that a pod uses ready for it, before anything of it runs: new ones are opened, where a crash kept that
 * from being done as they were made, and all are given to its fsGroup. Its other volumes are given to it as they are
 * made, and host paths are not ours to give (Kubernetes API, PodSecurityContext.fsGroup). What the engine mounts only
 * while it is used stays as it is.
 *
 * @throws EngineError `REFUSED`
 */
export async function giveClaims(
  context: Context,
  { fsGroup, volumes }: DesiredPod,
  signal: AbortSignal,
): Promise<void> {
  for (const volume of volumes) {
    if (volume.type !== 'claim') continue;
    // A missing one is named by the container that mounts it.
    const found = await inspectVolume(context, volume.engineName, signal);
    // Somebody else's volume, and a directory of the host behind one, is not ours to give.
    if (found === undefined || found.owner !== context.owner || !found.isPlain) continue;
    await openVolume(context, volume.engineName, signal);
    if (fsGroup === undefined) continue;
    if (fsGroup.onRootMismatch && (await isOfGroup(found.mountpoint, fsGroup.gid))) continue;
    await giveToGroup(found.mountpoint, fsGroup.gid, 'write', { signal });
  }
}
