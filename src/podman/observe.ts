import type { Actual, ActualContainer, ActualPod, ContainerState } from '../model/actual.ts';
import type { DesiredPort } from '../model/desired.ts';
import { type Key, keyOf, keyParts } from '../model/key.ts';
import { labels } from '../model/labels.ts';
import { engineNameOf } from '../model/names.ts';
import type { Context } from './context.ts';
import { readFileDigests, readFileUids } from './files.ts';
import { readImages } from './images.ts';
import { list, number, record, text, textRecord, texts, type Unread } from './json.ts';
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
}

/**
 * Reads the engine in three calls.
 *
 * Never by the pod endpoints: they wait for a lock that a pod holds while it stops (4.3 and 5), and one such pod
 * would hold up the whole list.
 */
export async function observe(context: Context, signal: AbortSignal): Promise<Actual> {
  const get = async (path: string, query = {}): Promise<readonly Unread[]> =>
    list((await context.http.call({ method: 'GET', path, query, what: 'Cannot look at the engine', signal })).body);
  const [containers, volumes, images, aliases] = await Promise.all([
    get('/containers/json', { all: true }),
    get('/volumes/json'),
    get('/images/json'),
    context.aliases(),
  ]);
  const entries = containers.map(readEntry);
  const infras = entries.filter(entry => isOurSandbox(entry, context.owner));
  const pods = await Promise.all(infras.map(infra => readPod(context, infra, entries)));
  const ours = new Set(pods.flatMap(pod => [pod.infra.id, ...[...pod.containers.values()].map(({ id }) => id)]));
  const podIds = new Set(pods.map(pod => pod.id));
  return {
    pods: new Map(pods.map(pod => [pod.key, pod])),
    volumes: readVolumes(volumes),
    images: readImages(images, aliases),
    ...readForeign(
      entries.filter(entry => !ours.has(entry.id)),
      podIds,
    ),
    fileUids: await readFileUids(context.stateDir),
    networks: [...new Set(infras.flatMap(infra => infra.networks))].sort(),
  };
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

async function readPod(context: Context, infra: Entry, entries: readonly Entry[]): Promise<ActualPod> {
  const key = infra.labels[labels.key] as Key;
  const uid = infra.labels[labels.uid] ?? '';
  const members = entries.filter(entry => entry.podId === infra.podId && !entry.isInfra);
  const ours = members.filter(entry => isOurs(entry, context.owner, uid, infra.podName)).sort(byAge);
  const containers = new Map<string, ActualContainer>();
  const foreign = members.filter(entry => !ours.includes(entry)).map(entry => entry.name);
  for (const entry of ours) {
    const name = entry.labels[labels.container] ?? '';
    // A copy of ours by hand: the one that was there first is the one that we made.
    if (containers.has(name)) foreign.push(entry.name);
    else containers.set(name, readContainer(name, entry));
  }
  return {
    key,
    id: infra.podId,
    engineName: infra.podName,
    uid,
    declaredBy: declaredBy(key, infra.labels[labels.deployment]),
    digest: infra.labels[labels.digest] ?? '',
    infra: { id: infra.id, state: infra.state, startedAtMs: infra.startedAtMs },
    containers,
    ports: infra.ports.flatMap(readPorts),
    foreign: foreign.sort(),
    files: await readFileDigests(context.stateDir, uid),
    record: undefined,
  };
}

/** By its labels, and by its name too: a container run from a commit of ours has the labels and another name. */
function isOurs(entry: Entry, owner: string, uid: string, podName: string): boolean {
  const name = entry.labels[labels.container];
  if (name === undefined || entry.labels[labels.owner] !== owner || entry.labels[labels.uid] !== uid) return false;
  return entry.name.startsWith(`${podName}-${name}`);
}

function byAge(a: Entry, b: Entry): number {
  return a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0;
}

function declaredBy(key: Key, deployment: string | undefined): Key {
  return deployment === undefined ? key : keyOf('Deployment', keyParts(key).namespace, deployment);
}

function readContainer(name: string, entry: Entry): ActualContainer {
  const { id, state, exitCode, startedAtMs, exitedAtMs, imageId } = entry;
  const digest = entry.labels[labels.digest] ?? '';
  return {
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

/** One mapping of the engine may stand for a range of ports and several protocols. */
function readPorts(value: Unread): DesiredPort[] {
  const port = record(value);
  const hostIp = text(port.host_ip) || undefined;
  const protocols = (text(port.protocol) || 'tcp').split(',').filter(isProtocol);
  return Array.from({ length: Math.max(number(port.range), 1) }, (_, i) => i).flatMap(i =>
    protocols.map(protocol => {
      return { hostIp, hostPort: number(port.host_port) + i, containerPort: number(port.container_port) + i, protocol };
    }),
  );
}

function isProtocol(text: string): text is DesiredPort['protocol'] {
  return text === 'tcp' || text === 'udp' || text === 'sctp';
}

function readEntry(value: Unread): Entry {
  const entry = record(value);
  return {
    id: text(entry.Id),
    name: texts(entry.Names)[0] ?? '',
    podId: text(entry.Pod),
    podName: text(entry.PodName),
    isInfra: entry.IsInfra === true,
    labels: textRecord(entry.Labels),
    state: readState(text(entry.State)),
    exitCode: number(entry.ExitCode),
    createdAt: text(entry.Created),
    startedAtMs: readSeconds(entry.StartedAt),
    exitedAtMs: readSeconds(entry.ExitedAt),
    imageId: text(entry.ImageID),
    ports: list(entry.Ports),
    networks: texts(entry.Networks),
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
