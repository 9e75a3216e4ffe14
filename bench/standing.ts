import type { Actual, ActualContainer, ActualPod } from '../src/model/actual.ts';
import type { Desired, DesiredPod } from '../src/model/desired.ts';
import type { Key } from '../src/model/key.ts';
import type { PodRecord } from '../src/model/record.ts';

/** What a look at the engine and the records gives. */
export interface Standing {
  readonly actual: Actual;
  readonly records: ReadonlyMap<Key, PodRecord>;
}

/** The world in which everything desired runs as it should; for sizes that no test machine holds. */
export function standing(desired: Desired, nowMs: number): Standing {
  const pods = [...desired.pods.values()];
  const records = new Map(pods.map(pod => [pod.key, recordOf(pod, desired.revision)]));
  const images = [...desired.images.keys()].map(name => [name, { id: name, context: undefined }] as const);
  const actual: Actual = {
    pods: new Map(pods.map(pod => [pod.key, podOf(pod, records.get(pod.key), nowMs)])),
    volumes: new Map(),
    images: new Map(images),
    foreignNames: new Map(),
    foreignPorts: [],
    fileUids: pods.map(pod => pod.key),
    networks: [],
  };
  return { actual, records };
}

function podOf(pod: DesiredPod, record: PodRecord | undefined, nowMs: number): ActualPod {
  const files = pod.volumes.flatMap(volume => (volume.type === 'files' ? [[volume.name, volume.digest] as const] : []));
  const container = ({ name, engineName, digest }: DesiredPod['containers'][number]): ActualContainer => ({
    name,
    id: engineName,
    engineName,
    digest,
    state: 'running',
    exitCode: 0,
    startedAtMs: nowMs,
    exitedAtMs: 0,
    imageId: 'localhost/bb:1',
    inspected: undefined,
  });
  return {
    key: pod.key,
    id: pod.key,
    engineName: pod.engineName,
    uid: pod.key,
    declaredBy: pod.declaredBy,
    digest: pod.sandbox.digest,
    infra: { id: `${pod.key}-infra`, state: 'running', createdAtMs: nowMs, startedAtMs: nowMs, exitedAtMs: 0 },
    containers: new Map(pod.containers.map(each => [each.name, container(each)])),
    ports: pod.sandbox.ports,
    foreign: [],
    memory: [],
    files: new Map(files),
    record,
  };
}

function recordOf(pod: DesiredPod, revision: string): PodRecord {
  const containers = pod.containers.map(({ name, secretDigest, resources }) => [
    name,
    { backoffCount: 0, restarts: 0, secretDigest, resources },
  ]);
  return {
    version: 1,
    key: pod.key,
    declaredBy: pod.declaredBy,
    uid: pod.key,
    revision,
    origin: pod.origin,
    source: '',
    // As it comes back from its file.
    applied: JSON.parse(JSON.stringify(pod.canonical)),
    containers: Object.fromEntries(containers),
    failure: undefined,
    history: [],
  };
}
