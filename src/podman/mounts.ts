import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../engine/engine.ts';
import type { DesiredContainer, DesiredMount, DesiredPod, DesiredPodVolume } from '../model/desired.ts';
import { emptyDirName } from '../model/names.ts';
import { isRuntimeText } from '../model/text.ts';
import type { Context } from './context.ts';
import { filesDirectory } from './files.ts';
import { checkHostPath } from './host-path.ts';
import { needImage } from './image-find.ts';
import { refuseMountsBelow } from './mount-table.ts';
import { isRootless } from './ownership.ts';
import { type Blanks, fillIn, findBlanks } from './runtime-text.ts';
import { resolveSubPath } from './subpath.ts';
import { inspectVolume } from './volume.ts';

/** The parts of a container's specification that its mounts become. Names are the engine's. */
export interface ResolvedMounts {
  readonly mounts: readonly BindMount[];
  readonly volumes: readonly NamedVolume[];
  readonly image_volumes: readonly ImageVolume[];
  readonly devices: readonly { readonly path: string }[];
}

/** What the mounts of a container come to. */
export interface FoundMounts {
  readonly resolved: ResolvedMounts;
  /** A claim is a volume that the engine would remove with the container: it was made with one, and adopted. */
  readonly keepsVolumes: boolean;
}

/** A directory or file of the host. */
export interface BindMount {
  readonly destination: string;
  readonly type: 'bind';
  readonly source: string;
  readonly options: readonly string[];
}

interface NamedVolume {
  readonly Name: string;
  readonly Dest: string;
  readonly Options: readonly string[];
}

interface ImageVolume {
  readonly Source: string;
  readonly Destination: string;
  readonly ReadWrite: false;
}

type Mounted = Partial<ResolvedMounts> & { readonly keepsVolumes?: boolean };

/** A mount whose subPath has no blanks any more. */
type FilledMount = DesiredMount & { readonly subPath: string | undefined };

interface Where {
  readonly context: Context;
  readonly uid: string;
  readonly signal: AbortSignal;
}

/**
 * Finds out what each mount of a container is on this host, makes what Kubernetes says is made, and proves every
 * subPath to lie inside its volume.
 *
 * @throws EngineError `PATH_UNSAFE`, `PATH_MISSING`, `GONE` where a volume is not there
 */
export async function resolveMounts(where: Where, pod: DesiredPod, container: DesiredContainer): Promise<FoundMounts> {
  const mounts = await filledMounts(where, pod, container);
  const found = await Promise.all(mounts.map(mount => resolveMount(where, mount, volumeOf(pod, mount))));
  const resolved = {
    mounts: found.flatMap(({ mounts = [] }) => mounts),
    volumes: found.flatMap(({ volumes = [] }) => volumes),
    image_volumes: found.flatMap(({ image_volumes = [] }) => image_volumes),
    devices: found.flatMap(({ devices = [] }) => devices),
  };
  return { resolved, keepsVolumes: found.some(({ keepsVolumes = false }) => keepsVolumes) };
}

/**
 * Looks at the mounts of a container again before it starts: whoever writes into a volume may have put a link there
 * since, and what stands on the host may have changed.
 *
 * @throws EngineError as {@link resolveMounts}
 */
export async function checkMounts(where: Where, pod: DesiredPod, container: DesiredContainer): Promise<void> {
  const mounts = await filledMounts(where, pod, container);
  const doubtful = mounts.filter(
    mount =>
      mount.subPath !== undefined || mount.recursiveReadOnly === true || volumeOf(pod, mount).type === 'hostPath',
  );
  await Promise.all(doubtful.map(mount => resolveMount(where, mount, volumeOf(pod, mount))));
}

/** Whether a container uses a path inside an emptyDir in memory, which is there only while the sandbox runs. */
export function hasPathInMemory(pod: DesiredPod, container: DesiredContainer): boolean {
  return container.mounts.some(mount => {
    const volume = volumeOf(pod, mount);
    return mount.subPath !== undefined && volume.type === 'emptyDir' && volume.memory;
  });
}

async function filledMounts(
  { context, uid, signal }: Where,
  pod: DesiredPod,
  container: DesiredContainer,
): Promise<readonly FilledMount[]> {
  const isBlank = ({ subPath }: DesiredMount): boolean => subPath !== undefined && isRuntimeText(subPath);
  const blanks = container.mounts.some(isBlank)
    ? await findBlanks(context, { pod, uid, container }, signal)
    : undefined;
  return container.mounts.map(mount => filled(mount, blanks));
}

function filled(mount: DesiredMount, blanks: Blanks | undefined): FilledMount {
  const { subPath } = mount;
  return { ...mount, subPath: subPath === undefined ? undefined : fillIn(subPath, blanks) };
}

function volumeOf(pod: DesiredPod, mount: DesiredMount): DesiredPodVolume {
  const volume = pod.volumes.find(({ name }) => name === mount.volume);
  if (volume === undefined) throw new Error(`${pod.key} mounts volume "${mount.volume}", which it does not have`);
  return volume;
}

async function resolveMount(where: Where, mount: FilledMount, volume: DesiredPodVolume): Promise<Mounted> {
  switch (volume.type) {
    case 'emptyDir':
      if (volume.memory && mount.subPath !== undefined && isRootless()) throw inMemory(mount);
      return resolveVolume(where, mount, emptyDirName(where.uid, volume.name), mount.readOnly);
    case 'claim':
      return resolveVolume(where, mount, volume.engineName, mount.readOnly || volume.readOnly);
    case 'hostPath':
      return resolveHostPath(mount, volume);
    case 'image': {
      const what = `Cannot mount volume "${volume.name}" at "${mount.path}"`;
      const { id } = await needImage(where.context, volume.image, what, where.signal);
      return { image_volumes: [{ Source: id, Destination: mount.path, ReadWrite: false }] };
    }
    case 'files':
      return { mounts: [bind(mount, await filesSource(where, mount), ['ro', 'z'])] };
  }
}

async function resolveVolume(
  { context, signal }: Where,
  mount: FilledMount,
  name: string,
  readOnly: boolean,
): Promise<Mounted> {
  // Podman would make a missing one, without the labels by which it is found and removed.
  const found = await inspectVolume(context, name, signal);
  if (found === undefined) {
    throw new EngineError('GONE', `Cannot mount volume "${name}" at "${mount.path}": it is not there any more`, {
      transient: true,
    });
  }
  const access = readOnly ? 'ro' : 'rw';
  if (mount.subPath === undefined) {
    if (mount.recursiveReadOnly) await refuseMountsBelow(found.mountpoint, mount.path);
    // As in Kubernetes, what the image has at that place stays hidden: the engine would copy it into an empty volume.
    const volumes = [{ Name: name, Dest: mount.path, Options: [access, 'nocopy', ...propagation(mount)] }];
    return { volumes, keepsVolumes: found.isAnonymous };
  }
  const source = await resolveSubPath(found.mountpoint, mount.subPath, { create: true });
  if (mount.recursiveReadOnly) await refuseMountsBelow(source, mount.path);
  return { mounts: [bind(mount, source, [access])] };
}

async function resolveHostPath(
  mount: FilledMount,
  volume: DesiredPodVolume & { readonly type: 'hostPath' },
): Promise<Mounted> {
  await checkHostPath(volume.path, volume.pathType);
  if (volume.pathType === 'CharDevice' || volume.pathType === 'BlockDevice') {
    return { devices: [{ path: `${volume.path}:${mount.path}:${mount.readOnly ? 'r' : 'rwm'}` }] };
  }
  // The path itself is the administrator's, links in it included; what lies below it need not be.
  const source =
    mount.subPath === undefined
      ? volume.path
      : await resolveSubPath(await realpath(volume.path), mount.subPath, { create: true });
  if (mount.recursiveReadOnly) await refuseMountsBelow(await realpath(source), mount.path);
  return {
    mounts: [
      bind(mount, source, [mount.readOnly ? 'ro' : 'rw', ...(volume.relabel === undefined ? [] : [volume.relabel])]),
    ],
  };
}

/** Below `..data`, which is ours: a container that starts again sees the files of that moment. */
async function filesSource({ context, uid }: Where, mount: FilledMount): Promise<string> {
  const dir = filesDirectory(context.stateDir, uid, mount.volume);
  if (mount.subPath === undefined) return dir;
  const data = join(dir, '..data');
  const current = await realpath(data).catch((cause: unknown) => {
    throw new EngineError('GONE', `Cannot mount the files of volume "${mount.volume}": they are not there any more`, {
      transient: true,
      cause,
    });
  });
  await resolveSubPath(current, mount.subPath, { create: false });
  return join(data, mount.subPath);
}

function bind(mount: FilledMount, source: string, options: readonly string[]): BindMount {
  return { destination: mount.path, type: 'bind', source, options: ['rbind', ...options, ...propagation(mount)] };
}

function propagation(mount: DesiredMount): readonly string[] {
  return mount.propagation === undefined ? [] : [mount.propagation];
}

function inMemory(mount: FilledMount): EngineError {
  const message = `Cannot use subPath "${mount.subPath}" of volume "${mount.volume}": it is in memory, which only the engine sees when it is a user's own`;
  return new EngineError('REFUSED', message, { hint: 'Mount the whole volume, or leave out "medium: Memory"' });
}
