import type { DesiredContainer, DesiredImage, DesiredPod, DesiredVolume } from '../model/desired.ts';
import { keyParts } from '../model/key.ts';
import type { HookHandler } from '../model/probe.ts';
import { unitName } from './name.ts';
import { describe, environmentEntries, markEntries, mountsFor, type PodUnitSpec, targetOf } from './pod.ts';
import { containerKeys } from './quadlet-container.ts';
import { type QuadletSection, quadletSection, type Version } from './quadlet-keys.ts';
import {
  emptyDirVolume,
  filesOf,
  hostPathEntries,
  type MountPlace,
  mountKeys,
  type QuadletFile,
} from './quadlet-mounts.ts';
import { type QuadletNotes, type QuadletRemark, quadletNotes } from './quadlet-notes.ts';
import { podKeys } from './quadlet-pod.ts';
import { quoteCommand } from './quote.ts';
import { afterSuccess, restartEntries, restartsUnseen } from './restart.ts';
import type { UnitEntry, UnitFile, UnitSection } from './unit-file.ts';

/** A pod for Quadlet: the same description that its boot unit is made from, and what it takes to make the pod. */
export interface QuadletSpec {
  readonly unit: PodUnitSpec;
  readonly pod: DesiredPod;
  /** Pods that start before this one and stop after it. */
  readonly earlier?: readonly DesiredPod[];
  /** Claims, by their names in the engine. */
  readonly volumes: ReadonlyMap<string, DesiredVolume>;
  readonly images: ReadonlyMap<string, DesiredImage>;
  /** The Podman that is to read the files, and the systemd that is to run them. */
  readonly podman: Version;
  readonly systemd: number;
}

/** What Quadlet is given for one pod. */
export interface Quadlet {
  /** Networks and claims may stand among the units of several pods, and are the same there. */
  readonly units: readonly UnitFile[];
  readonly files: readonly QuadletFile[];
  readonly remarks: readonly QuadletRemark[];
}

/** Pulls an image first, which takes its time, in seconds. */
const startSeconds = 900;
/** Beyond the grace period: podman's own work around a stop, in seconds. */
const stopMarginSeconds = 30;

/**
 * A pod as Quadlet's units: one .pod, a .container for each container, and a .network and .volumes where it needs them.
 * Unlike a boot unit, which starts a pod that exists, these make it anew at each start, and systemd starts again what
 * ends. Init containers are oneshot services in order, which what comes after them requires.
 *
 * @throws UnitTextError for text that no unit can hold
 */
export function quadletUnits(spec: QuadletSpec): Quadlet {
  const { unit, pod } = spec;
  const notes = quadletNotes(pod);
  const stem = unitName(unit.key, unit.owner).slice(0, -'.service'.length);
  const network = `${pod.sandbox.network}.network`;
  const place: MountPlace = { pod, stem, volumeUnit: name => `${unit.owner}-claim-${name}.volume` };
  const claims = pod.volumes.flatMap(volume => (volume.type === 'claim' ? [volume.engineName] : []));
  for (const image of imagesOf(pod)) remarkImage(spec.images.get(image), notes);
  const units: readonly UnitFile[] = [
    podFile(spec, place, network, notes),
    ...[...pod.initContainers, ...pod.containers].map(container => containerFile(spec, place, container, notes)),
    ...(pod.sandbox.hostNetwork ? [] : [networkFile(spec, network, notes)]),
    ...claims.map(name => volumeFile(spec, place.volumeUnit(name), name, notes)),
  ];
  const { remarks } = notes;
  return {
    units: units.map((each, i) => (i === 0 ? { ...each, comments: commentsOf(remarks) } : each)),
    files: filesOf(place),
    remarks,
  };
}

/** What stands at the top of a pod's file. */
export function commentsOf(remarks: readonly QuadletRemark[]): readonly string[] {
  return remarks.map(({ location: { file, line }, what }) => `${file}:${line}: ${what}`);
}

function podFile(spec: QuadletSpec, place: MountPlace, network: string, notes: QuadletNotes): UnitFile {
  const { unit, pod } = spec;
  const section = quadletSection('Pod', spec.podman);
  podKeys(pod, network, section, notes);
  // Only where the sandbox itself ends badly; Quadlet asks for no other.
  const restart = restartEntries('OnFailure', spec.systemd);
  const podman = (...args: readonly string[]): string => quoteCommand([unit.podman.path, ...args]);
  const fresh = pod.volumes.flatMap((volume): readonly UnitEntry[] => {
    if (volume.type !== 'emptyDir') return [];
    if (volume.sizeLimitBytes !== undefined && !volume.memory)
      notes.add(`/inPlace/emptyDirs/${volume.name}`, `nobody watches the size of emptyDir '${volume.name}'`);
    const name = emptyDirVolume(place, volume.name);
    const size = volume.sizeLimitBytes === undefined ? '' : `,size=${volume.sizeLimitBytes}`;
    const options = volume.memory ? ['type=tmpfs', 'device=tmpfs', `o=mode=1777${size}`] : [];
    return [
      // What a pod that was not ended in order left.
      ['ExecStartPre', `-${podman('volume', 'rm', '--force', name)}`],
      ['ExecStartPre', podman('volume', 'create', ...options.map(option => `--opt=${option}`), name)],
    ];
  });
  return complete(spec, `${place.stem}.pod`, section, notes, {
    unit: [...afterPods(spec), ...restart.unit],
    service: [...fresh, ...restart.service, ['TimeoutStartSec', String(startSeconds)]],
    install: [['WantedBy', targetOf(unit)]],
  });
}

/** The services that Quadlet makes of other pods, and of their containers, whose starts end after that of their pod. */
function afterPods({ unit: { owner }, earlier = [] }: QuadletSpec): readonly UnitEntry[] {
  const names = earlier.flatMap(({ key, initContainers, containers }) => {
    const stem = unitName(key, owner).slice(0, -'.service'.length);
    return [`${stem}-pod`, ...[...initContainers, ...containers].map(({ name }) => `${stem}__${name}`)];
  });
  const services = names.map(name => `${name}.service`).join(' ');
  if (services === '') return [];
  return [
    ['Wants', services],
    ['After', services],
  ];
}

function containerFile(
  spec: QuadletSpec,
  place: MountPlace,
  container: DesiredContainer,
  notes: QuadletNotes,
): UnitFile {
  const { pod } = spec;
  const section = quadletSection('Container', spec.podman);
  // Not in a pod's own name, as `NAMESPACE_NAME` has one alone; systemd-analyze takes what follows a colon for an alias.
  const nameOf = ({ name }: DesiredContainer): string => `${place.stem}__${name}`;
  const isOnce = pod.initContainers.includes(container) && !container.sidecar;
  section.set('Pod', `${place.stem}.pod`);
  containerKeys(pod, container, section, notes);
  mountKeys(place, container, section, notes);
  const index = pod.initContainers.indexOf(container);
  const before = (index < 0 ? pod.initContainers : pod.initContainers.slice(0, index)).map(
    each => `${nameOf(each)}.service`,
  );
  const policy = isOnce && pod.restartPolicy === 'Always' ? 'OnFailure' : pod.restartPolicy;
  const restart = restartEntries(container.sidecar ? 'Always' : policy, spec.systemd);
  const needed = afterSuccess(before, { systemd: spec.systemd, user: spec.unit.user });
  const oneshot: readonly UnitEntry[] = isOnce
    ? [
        ['Type', 'oneshot'],
        ['RemainAfterExit', 'yes'],
      ]
    : [];
  return complete(spec, `${nameOf(container)}.container`, section, notes, {
    unit: [...needed.unit, ...restart.unit],
    service: [
      ...oneshot,
      ...needed.service,
      ...hostPathEntries(pod, container),
      ...restart.service,
      ...(index < 0 ? [] : restartsUnseen(spec.systemd)),
      ...hooks(spec, container, notes),
      ['TimeoutStartSec', String(startSeconds)],
      ['TimeoutStopSec', String(pod.gracePeriodSeconds + stopMarginSeconds)],
    ],
    install: [],
  });
}

/** A hook that runs a command is one of systemd's; the grace period does not count it in. */
function hooks({ unit }: QuadletSpec, container: DesiredContainer, notes: QuadletNotes): readonly UnitEntry[] {
  const { postStart, preStop } = container.hooks ?? {};
  const entry = (key: string, hook: HookHandler | undefined, name: string, prefix = ''): readonly UnitEntry[] => {
    if (hook === undefined) return [];
    if (hook.type === 'exec') {
      const argv = [unit.podman.path, 'exec', container.engineName, ...hook.command];
      return [[key, `${prefix}${quoteCommand(argv)}`]];
    }
    notes.add(
      `/inPlace/hooks/${container.name}`,
      `nobody runs the ${name} hook by ${hook.type} of '${container.name}'`,
    );
    return [];
  };
  return [...entry('ExecStartPost', postStart, 'postStart'), ...entry('ExecStop', preStop, 'preStop', '-')];
}

/** The network of a namespace, which the pods in it share. */
export function networkFile(spec: QuadletSpec, name: string, notes: QuadletNotes): UnitFile {
  const section = quadletSection('Network', spec.podman);
  section.set('NetworkName', spec.pod.sandbox.network);
  section.set('Driver', 'bridge');
  const { namespace } = keyParts(spec.unit.key);
  return shared(spec, name, `Network/${namespace}/${spec.pod.sandbox.network}`, section, notes);
}

function volumeFile(spec: QuadletSpec, name: string, engineName: string, notes: QuadletNotes): UnitFile {
  const volume = spec.volumes.get(engineName);
  const section = quadletSection('Volume', spec.podman);
  section.set('VolumeName', engineName);
  if (volume?.driver !== undefined) section.set('Driver', volume.driver);
  for (const [key, value] of Object.entries(volume?.options ?? {})) section.option(`--opt=${key}=${value}`);
  for (const [key, value] of Object.entries(volume?.labels ?? {})) section.set('Label', `${key}=${value}`);
  const { namespace } = keyParts(spec.unit.key);
  return shared(spec, name, `PersistentVolumeClaim/${namespace}/${engineName}`, section, notes);
}

/** A unit of which another pod may have the same. */
function shared(
  spec: QuadletSpec,
  name: string,
  key: PodUnitSpec['key'],
  section: QuadletSection,
  notes: QuadletNotes,
): UnitFile {
  const unit = { ...spec.unit, key, digest: '0'.repeat(32), mounts: [] };
  return complete({ ...spec, unit }, name, section, notes, { unit: [], service: [], install: [] });
}

interface OwnEntries {
  readonly unit: readonly UnitEntry[];
  readonly service: readonly UnitEntry[];
  readonly install: readonly UnitEntry[];
}

function complete(
  { unit, podman }: QuadletSpec,
  name: string,
  section: QuadletSection,
  notes: QuadletNotes,
  own: OwnEntries,
): UnitFile {
  const group = groups[name.slice(name.lastIndexOf('.') + 1)] ?? 'Container';
  for (const late of section.late) notes.add('', `for Podman ${podman}: ${late}`);
  const sections: readonly UnitSection[] = [
    { name: 'Unit', entries: [['Description', describe(unit)], ...mountsFor(unit), ...own.unit] },
    { name: group, entries: section.entries },
    { name: 'Service', entries: [...environmentEntries(unit), ...own.service] },
    { name: 'Install', entries: own.install },
    { name: 'X-Podstead', entries: markEntries(unit) },
  ];
  return { name, sections: sections.filter(({ entries }) => entries.length > 0) };
}

const groups: Readonly<Record<string, string>> = {
  pod: 'Pod',
  container: 'Container',
  network: 'Network',
  volume: 'Volume',
};

function imagesOf({ containers, initContainers, volumes }: DesiredPod): readonly string[] {
  const mounted = volumes.flatMap(volume => (volume.type === 'image' ? [volume.image] : []));
  return [...new Set([...[...initContainers, ...containers].map(({ image }) => image), ...mounted])];
}

function remarkImage(image: DesiredImage | undefined, notes: QuadletNotes): void {
  if (image?.build !== undefined) {
    const { directory } = image.build;
    notes.add(
      '',
      `image ${image.reference} is built here: \`podman build --tag ${image.reference} ${directory}\` first`,
    );
  }
  if (image?.credentials !== undefined)
    notes.add('/inPlace/imagePullSecrets', `image ${image.reference} needs \`podman login\`: no unit holds a password`);
}
