import { EngineError } from '../../src/engine/engine.ts';
import type {
  DesiredContainer,
  DesiredMount,
  DesiredPod,
  DesiredPodVolume,
  HostPathType,
} from '../../src/model/desired.ts';
import { emptyDirName } from '../../src/model/names.ts';
import type { FakeHost } from './host.ts';

/**
 * Sees that all that a container mounts is there and safe, as the engine does before it makes one.
 *
 * @returns the names of the volumes
 * @throws EngineError GONE, PATH_MISSING, PATH_UNSAFE
 */
export function checkMounts(
  host: FakeHost,
  pod: DesiredPod,
  uid: string,
  container: DesiredContainer,
): readonly string[] {
  const mounted = container.mounts.flatMap(mount => {
    const volume = pod.volumes.find(({ name }) => name === mount.volume);
    return volume === undefined ? [] : [{ mount, volume, name: volumeName(volume, uid) }];
  });
  const names = [...new Set(mounted.flatMap(({ name }) => name ?? []))];
  const gone = names.find(name => !host.volumes.has(name));
  if (gone !== undefined) throw new EngineError('GONE', `Volume "${gone}" is not there any more`, { transient: true });
  for (const { volume } of mounted) if (volume.type === 'hostPath') checkHostPath(host, volume.path, volume.pathType);
  for (const { mount, volume } of mounted) checkSubPath(host, mount, volume, uid);
  return names;
}

/** Sees that no link came into the way since. @throws EngineError PATH_UNSAFE, PATH_MISSING */
export function checkSubPaths(host: FakeHost, pod: DesiredPod, uid: string, container: DesiredContainer): void {
  for (const mount of container.mounts) {
    const volume = pod.volumes.find(({ name }) => name === mount.volume);
    if (volume !== undefined) checkSubPath(host, mount, volume, uid);
  }
}

function volumeName(volume: DesiredPodVolume, uid: string): string | undefined {
  if (volume.type === 'emptyDir') return emptyDirName(uid, volume.name);
  return volume.type === 'claim' ? volume.engineName : undefined;
}

const wanted: Readonly<Partial<Record<HostPathType, 'directory' | 'file' | undefined>>> = {
  Directory: 'directory',
  DirectoryOrCreate: 'directory',
  File: 'file',
  FileOrCreate: 'file',
};

function checkHostPath({ paths }: FakeHost, path: string, type: HostPathType): void {
  if (type === 'DirectoryOrCreate' && !paths.has(path)) paths.set(path, 'directory');
  if (type === 'FileOrCreate' && !paths.has(path)) paths.set(path, 'file');
  const found = paths.get(path);
  const isFit = found !== undefined && (type === '' || wanted[type] === found);
  if (!isFit) throw new EngineError('PATH_MISSING', `Cannot mount "${path}": found ${found ?? 'nothing'}`);
}

function checkSubPath(host: FakeHost, { subPath }: DesiredMount, volume: DesiredPodVolume, uid: string): void {
  // One with blanks is made up from what this host has none of.
  if (typeof subPath !== 'string') return;
  if (volume.type === 'files') {
    if (volume.entries.some(({ path }) => path === subPath || path.startsWith(`${subPath}/`))) return;
    throw new EngineError('PATH_MISSING', `Cannot mount "${subPath}": "${volume.name}" does not have it`);
  }
  const parts = subPath.split('/');
  const ways = parts.map((_, at) => `${volumeName(volume, uid)}/${parts.slice(0, at + 1).join('/')}`);
  const link = ways.find(way => host.links.has(way));
  if (link !== undefined) throw new EngineError('PATH_UNSAFE', `Cannot mount "${subPath}": "${link}" is a link`);
}
