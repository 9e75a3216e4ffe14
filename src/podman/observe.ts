import { EngineError } from '../engine/engine.ts';
import type { Actual, ActualContainer, ActualPod, ContainerState } from '../model/actual.ts';
import type { DesiredPort } from '../model/desired.ts';
import { type Key, keyOf, keyParts } from '../model/key.ts';
import { labels } from '../model/labels.ts';
import { engineNameOf, memoryDirectory } from '../model/names.ts';
import { type Tagging, tagging } from './adopted.ts';
import type { Context } from './context.ts';
import { type FileDigests, readFileDigests } from './files.ts';
import { halfFilled } from './fill-volume.ts';
import { readImages } from './images.ts';
import { list, number, record, text, textRecord, texts, type Unread } from './json.ts';
import { type OursOptions, oursAmong } from './ours.ts';
import { readVolumes } from './volume.ts';

/** An entry of `containers/json`, as far as it is used. */
interface Entry {
  readonly id: string;
  readonly name: string;
  readonly podId: string;
  readonly podName: string;
  readonly isInfra: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: ContainerState;
  readonly exitCode: number;
  readonly createdAt: string;
  readonly startedAtMs: number;
  readonly exitedAtMs: number;
  readonly imageId: string;
  readonly ports: readonly Unread[];
  readonly networks: readonly string[];
  /** Places in the container where something is mounted. */
  readonly mounts: readonly string[];
}

/**
 * Reads the engine in three calls.
 *
 * Never by the pod endpoints: they wait for a lock that a pod holds while it stops (4.3 and 5), and one such pod
 * would hold up the whole list.
 */
export async function observe(context: Context, signal: AbortSignal): Promise<Actual> {
  const get = async (path: string, query = {}): Promise<readonly Unread[]> =>
    listed((await context.http.call({ method: 'GET', path, query, what: 'Cannot look at the engine', signal })).body);
  const [containers, volumes, images, aliases, files, filling] = await Promise.all([
    get('/containers/json', { all: true }),
    get('/volumes/json'),
    imagesOf(context, () => get('/images/json')),
    context.aliases(),
    readFileDigests(context.stateDir),
    halfFilled(context.stateDir),
  ]);
  const tagged = tagging(context);
  const entries = containers.map(value => readEntry(value, tagged));
  const infras = entries.filter(entry => isOurSandbox(entry, context.owner));
  const pods = await Promise.all(infras.map(infra => readPod(context, infra, entries, { files, images, signal })));
  const ours = new Set(pods.flatMap(pod => [pod.infra.id, ...[...pod.containers.values()].map(({ id }) => id)]));
  remember(context, ours);
  const podIds = new Set(pods.map(pod => pod.id));
  return {
    pods: new Map(pods.map(pod => [pod.key, pod])),
    volumes: readVolumes(volumes, filling),
    images: readImages(images, aliases),
    ...readForeign(
      entries.filter(entry => !ours.has(entry.id)),
      podIds,
    ),
    fileUids: [...files.keys()],
    networks: networksOf(context, infras),
  };
}

/** More than a host ever has at once; the oldest are forgotten first. */
const mostIds = 10_000;

function remember({ ownIds }: Context, ours: ReadonlySet<string>): void {
  for (const id of ours) ownIds.add(id);
  for (const id of ownIds) {
    if (ownIds.size <= mostIds) return;
    ownIds.delete(id);
  }
}

/** A pod that was adopted is on networks of somebody else. */
function networksOf(context: Context, infras: readonly Entry[]): readonly string[] {
  const adopted = new Set(context.adoptions.all().map(({ infraId }) => infraId));
  const ours = infras.filter(({ id }) => !adopted.has(id));
  return [...new Set(ours.flatMap(({ networks }) => networks))].sort();
}

const lastImages = new WeakMap<Context, readonly Unread[]>();

/**
 * The images, or those of the last look while a disk is full: 4.3 lists them with a temporary file each (in /var/tmp),
 * and repairs must not wait for space. What it costs is that an image which came or went meanwhile is missed.
 */
async function imagesOf(context: Context, get: () => Promise<readonly Unread[]>): Promise<readonly Unread[]> {
  try {
    const images = await get();
    lastImages.set(context, images);
    return images;
  } catch (error) {
    const last = lastImages.get(context);
    if (last !== undefined && error instanceof EngineError && error.code === 'DISK_FULL') return last;
    throw error;
  }
}

/** An answer that is no list must not pass for an empty one: all that is ours would seem gone. Podman writes `null` for none. */
function listed(body: Unread): readonly Unread[] {
  if (Array.isArray(body) || body === null) return list(body);
  const found = body === undefined ? 'no JSON' : 'no list';
  const hint = 'See what the engine says with "podman info"';
  throw new EngineError('ENGINE_ERROR', `Cannot look at the engine: its answer is ${found}`, { hint, transient: true });
}

/** A committed image carries labels, but never an infra container's mark and the name that its key gives. */
function isOurSandbox(entry: Entry, owner: string): boolean {
  const key = entry.labels[labels.key];
  return (
    entry.isInfra &&
    entry.labels[labels.owner] === owner &&
    key !== undefined &&
    entry.podName === engineNameOf(key as Key)
  );
}

async function readPod(
  context: Context,
  infra: Entry,
  entries: readonly Entry[],
  { files, ...opts }: OursOptions & { readonly files: FileDigests },
): Promise<ActualPod> {
  const key = infra.labels[labels.key] as Key;
  const uid = infra.labels[labels.uid] ?? '';
  const members = entries.filter(entry => entry.podId === infra.podId && !entry.isInfra);
  const ours = await oursAmong(context, members, uid, opts);
  const foreign = members.filter(entry => ![...ours.values()].includes(entry)).map(entry => entry.name);
  return {
    key,
    id: infra.podId,
    engineName: infra.podName,
    uid,
    declaredBy: declaredBy(key, infra.labels[labels.deployment]),
    digest: infra.labels[labels.digest] ?? '',
    infra: {
      ...{ id: infra.id, state: infra.state },
      createdAtMs: Date.parse(infra.createdAt) || 0,
      ...{ startedAtMs: infra.startedAtMs, exitedAtMs: infra.exitedAtMs },
    },
    containers: new Map([...ours].map(([name, entry]) => [name, readContainer(name, entry)])),
    ports: infra.ports.flatMap(readPorts),
    foreign: foreign.sort(),
    memory: infra.mounts.flatMap(memoryName),
    files: files.get(uid) ?? new Map(),
    record: undefined,
  };
}

function memoryName(path: string): readonly string[] {
  return path.startsWith(`${memoryDirectory}/`) ? [path.slice(memoryDirectory.length + 1)] : [];
}

function declaredBy(key: Key, deployment: string | undefined): Key {
  return deployment === undefined ? key : keyOf('Deployment', keyParts(key).namespace, deployment);
}

function readContainer(name: string, entry: Entry): ActualContainer {
  const { id, state, exitCode, startedAtMs, exitedAtMs, imageId } = entry;
  const digest = entry.labels[labels.digest] ?? '';
  const keeps = entry.labels[labels.keeps] === 'volumes' ? ({ keepsVolumes: true } as const) : {};
  return {
    ...keeps,
    name,
    id,
    engineName: entry.name,
    digest,
    state,
    exitCode,
    startedAtMs,
    exitedAtMs,
    imageId,
    inspected: undefined,
  };
}

function readForeign(
  entries: readonly Entry[],
  ourPods: ReadonlySet<string>,
): Pick<Actual, 'foreignNames' | 'foreignPorts'> {
  const names = new Map<string, string>();
  const ports = new Map<string, Actual['foreignPorts'][number]>();
  for (const { id, name, podId, podName, state, ports: published } of entries) {
    names.set(name, `container ${id.slice(0, 12)}`);
    if (ourPods.has(podId)) continue;
    if (podName !== '') names.set(podName, `pod ${podId.slice(0, 12)}`);
    if (state !== 'running') continue;
    // Every member of a pod shows the pod's ports: one of them is enough.
    for (const { hostIp = '', hostPort, protocol } of published.flatMap(readPorts)) {
      ports.set(`${hostIp} ${hostPort} ${protocol}`, { hostIp, hostPort, protocol, by: podName || name });
    }
  }
  return { foreignNames: names, foreignPorts: [...ports.values()] };
}

/** A host has no more. */
const mostPorts = 65_535;

/** One mapping of the engine may stand for a range of ports and several protocols. */
function readPorts(value: Unread): DesiredPort[] {
  const port = record(value);
  const hostIp = text(port.host_ip) || undefined;
  const protocols = (text(port.protocol) || 'tcp').split(',').filter(isProtocol);
  const range = Math.min(Math.max(number(port.range), 1), mostPorts);
  return Array.from({ length: range }, (_, i) => i).flatMap(i =>
    protocols.map(protocol => {
      return { hostIp, hostPort: number(port.host_port) + i, containerPort: number(port.container_port) + i, protocol };
    }),
  );
}

function isProtocol(text: string): text is DesiredPort['protocol'] {
  return text === 'tcp' || text === 'udp' || text === 'sctp';
}

function readEntry(value: Unread, tagged: Tagging): Entry {
  const entry = record(value);
  const id = text(entry.Id);
  return {
    id,
    name: texts(entry.Names)[0] ?? '',
    podId: text(entry.Pod),
    podName: text(entry.PodName),
    isInfra: entry.IsInfra === true,
    labels: tagged(id, textRecord(entry.Labels)),
    state: readState(text(entry.State)),
    exitCode: number(entry.ExitCode),
    createdAt: text(entry.Created),
    startedAtMs: readSeconds(entry.StartedAt),
    exitedAtMs: readSeconds(entry.ExitedAt),
    imageId: text(entry.ImageID).replace(/^sha256:/, ''),
    ports: list(entry.Ports),
    networks: texts(entry.Networks),
    mounts: texts(entry.Mounts),
  };
}

/** Seconds since the epoch; Go's zero time (-62135596800) means never. */
function readSeconds(value: Unread): number {
  return Math.max(number(value), 0) * 1000;
}

const states: Readonly<Record<string, ContainerState>> = {
  created: 'created',
  configured: 'created',
  initialized: 'created',
  running: 'running',
  paused: 'paused',
  stopping: 'stopping',
  // Ended, and not yet cleaned up.
  stopped: 'exited',
  exited: 'exited',
  removing: 'removing',
};

function readState(state: string): ContainerState {
  return states[state] ?? 'unknown';
}
