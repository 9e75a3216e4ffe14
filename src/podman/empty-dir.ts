import { readFileSync } from 'node:fs';
import { chmod, stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import type { Signalled } from '../engine/engine.ts';
import type { DesiredPod, DesiredPodVolume } from '../model/desired.ts';
import { labels } from '../model/labels.ts';
import { emptyDirName } from '../model/names.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { giveToGroup, isRootless } from './ownership.ts';
import { inspectVolume, makeVolume, unopened } from './volume.ts';

/** As the kubelet makes them: everybody may write, whoever the containers run as. */
const openMode = 0o777;
/** Files that are made there belong to the pod's fsGroup, too. */
const setgid = 0o2000;

/**
 * Makes the volume of an emptyDir: a directory, or a tmpfs of its limit, which the sandbox of its pod keeps.
 *
 * Root's by option, or the engine would give it to the user, and the mode, of the first container that mounts it.
 */
export async function createEmptyDir(
  context: Context,
  action: ActionOf<'createEmptyDir'>,
  { signal }: Signalled,
): Promise<void> {
  const { pod, uid, volume } = action;
  const name = emptyDirName(uid, volume);
  const tags = { [labels.owner]: context.owner, [labels.key]: pod.key, [labels.uid]: uid };
  const wanted = pod.volumes.find(each => each.name === volume);
  const inMemory = wanted?.type === 'emptyDir' && wanted.memory;
  const options = inMemory ? memoryOptions(pod, wanted) : { o: ownerOptions(pod) };
  await makeVolume(context, { name, labels: tags, options }, signal);
  if (!inMemory) await openUp(context, pod, name, signal);
}

function ownerOptions({ fsGroup }: DesiredPod): string {
  return `uid=0,gid=${fsGroup?.gid ?? 0}`;
}

function memoryOptions(
  pod: DesiredPod,
  { sizeLimitBytes }: Extract<DesiredPodVolume, { type: 'emptyDir' }>,
): Readonly<Record<string, string>> {
  const mode = (pod.fsGroup === undefined ? openMode : openMode | setgid).toString(8);
  // In pages: 4.3 takes "size" for a quota on disk and refuses it.
  const size = sizeLimitBytes === undefined ? '' : `,nr_blocks=${Math.ceil(sizeLimitBytes / pageSize())}`;
  return { type: 'tmpfs', device: 'tmpfs', o: `nodev,nosuid,mode=${mode},${ownerOptions(pod)}${size}` };
}

async function openUp(context: Context, pod: DesiredPod, name: string, signal: AbortSignal): Promise<void> {
  const found = await inspectVolume(context, name, signal);
  if (found === undefined) return;
  const { fsGroup } = pod;
  try {
    // Whoever works in it may have narrowed it since.
    if (((await stat(found.mountpoint)).mode & 0o7777) !== 0o755) return;
    await chmod(found.mountpoint, fsGroup === undefined ? openMode : openMode | setgid);
  } catch (error) {
    throw unopened(name, error);
  }
  // Only there may the bit be set for a group that is not ours.
  if (fsGroup !== undefined && isRootless()) await giveToGroup(found.mountpoint, fsGroup.gid, 'write', { signal });
}

/** getauxval(3): the entry of the page size in /proc/self/auxv, pairs of native words. */
const atPageSize = 6n;

/** Bytes of a page of memory on this host. */
function pageSize(): number {
  const table = readFileSync('/proc/self/auxv');
  const word = (at: number): bigint => (endianness() === 'LE' ? table.readBigUInt64LE(at) : table.readBigUInt64BE(at));
  for (let at = 0; at + 16 <= table.length; at += 16) if (word(at) === atPageSize) return Number(word(at + 8));
  throw new Error('The kernel does not tell the size of a page');
}
