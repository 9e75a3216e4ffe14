import type {
  DesiredContainer,
  DesiredFiles,
  DesiredMount,
  DesiredPod,
  DesiredPodVolume,
  HostPathType,
} from '../model/desired.ts';
import type { Sealed } from '../model/sealed.ts';
import { isRuntimeText } from '../model/text.ts';
import { secretName } from './quadlet-container.ts';
import type { QuadletSection } from './quadlet-keys.ts';
import type { QuadletNotes } from './quadlet-notes.ts';
import { quoteCommand } from './quote.ts';
import type { UnitEntry } from './unit-file.ts';

/** A file that stands beside the units. */
export interface QuadletFile {
  /** Relative to the units' directory. */
  readonly path: string;
  readonly mode: number;
  readonly content: Sealed<Uint8Array>;
}

/** Where things of a pod stand that its containers mount. */
export interface MountPlace {
  readonly pod: DesiredPod;
  /** Of the units: begins the names of what belongs to the pod alone. */
  readonly stem: string;
  /** The unit of a claim, by the claim's name in the engine. */
  readonly volumeUnit: (engineName: string) => string;
}

/** What a container mounts, as keys of [Container]. */
export function mountKeys(
  place: MountPlace,
  container: DesiredContainer,
  section: QuadletSection,
  notes: QuadletNotes,
): void {
  for (const mount of container.mounts) {
    const volume = place.pod.volumes.find(({ name }) => name === mount.volume);
    const at = `/containers/${container.name}/mounts/${mount.path.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    for (const said of volume === undefined ? [] : linesOf(place, mount, volume)) {
      if ('refused' in said) notes.refuse(at, `volume '${mount.volume}' at ${mount.path}: ${said.refused}`);
      else if ('note' in said) notes.add(at, said.note);
      else if ('option' in said) section.option(...said.option);
      else section.set(said.key, said.value);
    }
  }
}

/** How a mount is said, or why it is not. */
type Said =
  | { readonly key: 'Volume' | 'Mount' | 'AddDevice' | 'Secret'; readonly value: string }
  | { readonly option: readonly string[] }
  | { readonly note: string }
  | { readonly refused: string };

type FilledMount = DesiredMount & { readonly subPath: string | undefined };

function linesOf(place: MountPlace, mount: DesiredMount, volume: DesiredPodVolume): readonly Said[] {
  const { subPath } = mount;
  if (subPath !== undefined && isRuntimeText(subPath))
    return [{ refused: 'its path is known only where the pod runs' }];
  if (mount.recursiveReadOnly) return [{ refused: 'nobody would check that nothing is mounted below it' }];
  const filled = { ...mount, subPath };
  switch (volume.type) {
    case 'emptyDir':
      return [named(emptyDirVolume(place, volume.name), filled, mount.readOnly)];
    case 'claim':
      return [named(place.volumeUnit(volume.engineName), filled, mount.readOnly || volume.readOnly)];
    case 'image':
      if (subPath !== undefined) return [{ refused: 'Podman mounts images as a whole' }];
      return [{ key: 'Mount', value: csv(['type=image', `source=${volume.image}`, `destination=${mount.path}`]) }];
    case 'hostPath':
      return [ofHost(volume, filled)];
    case 'files':
      return files(place, filled, volume);
  }
}

/** The volume behind an emptyDir: made anew by the pod's unit with each pod. */
export function emptyDirVolume({ stem }: Pick<MountPlace, 'stem'>, volume: string): string {
  return `${secretName(stem)}_${volume}`;
}

function named(source: string, { subPath, path, propagation }: FilledMount, readOnly: boolean): Said {
  const access = readOnly ? 'ro' : 'rw';
  if (subPath === undefined && !path.includes(':')) {
    // As in Kubernetes, what the image has at that place stays hidden.
    const options = [access, 'nocopy', ...(propagation === undefined ? [] : [propagation])];
    return { key: 'Volume', value: `${source}:${path}:${options.join(',')}` };
  }
  const parts = ['type=volume', `source=${source}`, `destination=${path}`, ...(readOnly ? ['ro=true'] : [])];
  return { key: 'Mount', value: csv([...parts, ...(subPath === undefined ? [] : [`subpath=${subPath}`])]) };
}

function ofHost(volume: DesiredPodVolume & { readonly type: 'hostPath' }, mount: FilledMount): Said {
  if (mount.subPath !== undefined) return { refused: 'Podman would follow links out of the volume in its subPath' };
  if (volume.path.includes(':') || mount.path.includes(':'))
    return { refused: 'Podman cannot mount a path with a colon' };
  if (volume.pathType === 'CharDevice' || volume.pathType === 'BlockDevice')
    return { key: 'AddDevice', value: `${volume.path}:${mount.path}:${mount.readOnly ? 'r' : 'rwm'}` };
  const options = ['rbind', mount.readOnly ? 'ro' : 'rw', volume.relabel, mount.propagation];
  const text = `${volume.path}:${mount.path}:${options.filter(each => each !== undefined).join(',')}`;
  // Quadlet writes the path into RequiresMountsFor= without quotes; the unit has one of its own.
  return /^[\w/.@+-]+$/.test(volume.path) ? { key: 'Volume', value: text } : { option: ['--volume', text] };
}

/** What makes or checks the host paths of a container before it starts, as their types ask; Podman would make nothing. */
export function hostPathEntries(pod: DesiredPod, container: DesiredContainer): readonly UnitEntry[] {
  const used = new Set(container.mounts.map(({ volume }) => volume));
  return pod.volumes.flatMap(volume => {
    const argv = volume.type === 'hostPath' && used.has(volume.name) ? pathCommand(volume.pathType, volume.path) : [];
    return argv.length === 0 ? [] : [['ExecStartPre', quoteCommand(argv)] as const];
  });
}

const tests = { Directory: '-d', File: '-f', Socket: '-S', CharDevice: '-c', BlockDevice: '-b' } as const;

function pathCommand(type: HostPathType, path: string): readonly string[] {
  if (type === '') return [];
  if (type === 'DirectoryOrCreate') return ['/usr/bin/mkdir', '-p', '--', path];
  if (type === 'FileOrCreate') return ['/bin/sh', '-c', 'test -f "$0" || (umask 022 && : >"$0")', path];
  return ['/usr/bin/test', tests[type], path];
}

/** Files of ConfigMaps stand beside the units; those of Secrets come from Podman's own secrets. */
function files(place: MountPlace, mount: FilledMount, volume: DesiredFiles): readonly Said[] {
  const isSecret = (entry: DesiredFiles['entries'][number]): boolean => entry.secret ?? volume.secret;
  if (volume.entries.some(({ content }) => 'parts' in content))
    return [{ refused: 'it holds what only a running pod can tell' }];
  if (!volume.entries.some(isSecret)) {
    const source = `./${filesDirectory(place, volume.name)}${mount.subPath === undefined ? '' : `/${mount.subPath}`}`;
    if (!/^[\w/.-]+$/.test(source) || mount.path.includes(':'))
      return [{ refused: 'Quadlet cannot mount a relative path with such characters' }];
    return [{ key: 'Volume', value: `${source}:${mount.path}:ro,z` }];
  }
  if (!volume.entries.every(isSecret) || mount.subPath !== undefined)
    return [{ refused: 'Podman mounts secrets one by one, not beside other files or by a subPath' }];
  return volume.entries.flatMap(({ path, mode }): readonly Said[] => {
    const secret = secretName(place.pod.engineName, volume.name, path);
    const target = `${mount.path}/${path}`;
    return [
      { key: 'Secret', value: csv([secret, 'type=mount', `target=${target}`, `mode=0${mode.toString(8)}`]) },
      { note: `file ${target} is Podman's secret "${secret}": make it with \`podman secret create\`` },
    ];
  });
}

function filesDirectory({ stem }: MountPlace, volume: string): string {
  return `${stem.replaceAll('\\', '_')}.files/${volume}`;
}

/** The files of ConfigMaps that a pod's containers mount. */
export function filesOf(place: MountPlace): readonly QuadletFile[] {
  return place.pod.volumes.flatMap(volume => {
    if (volume.type !== 'files') return [];
    return volume.entries.flatMap(({ path, mode, secret = volume.secret, content }) =>
      secret || 'parts' in content ? [] : [{ path: `${filesDirectory(place, volume.name)}/${path}`, mode, content }],
    );
  });
}

/** A field with a comma is quoted, and quotes in it are doubled (RFC 4180), as Podman reads --mount and --secret. */
function csv(fields: readonly string[]): string {
  return fields.map(field => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}
