import { fingerprint } from '../../src/desired/pod.ts';
import { resolve } from '../../src/desired/resolve.ts';
import { load } from '../../src/manifest/load.ts';
import type { Actual, ActualContainer, ActualImage, ActualPod, ActualVolume } from '../../src/model/actual.ts';
import type { Desired, DesiredContainer, DesiredPod } from '../../src/model/desired.ts';
import type { Digest, Key } from '../../src/model/key.ts';
import { emptyDirName } from '../../src/model/names.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { PodRecord } from '../../src/model/record.ts';
import type { BuildContext, Snapshot } from '../../src/model/source.ts';
import { makePlan, type PlanOptions } from '../../src/plan/plan.ts';
import { describe } from '../../src/plan/print.ts';

/** The moment at which every test plans, in ms since the epoch. */
export const now = 1_800_000_000_000;

/** Reads manifests as the program does. Files stand in /src; `contexts` maps a directory there to its digest. */
export function desiredOf(
  yaml: string | Readonly<Record<string, string>>,
  contexts: Readonly<Record<string, Digest>> = {},
): { readonly desired: Desired; readonly problems: readonly Problem[] } {
  const texts = typeof yaml === 'string' ? { 'all.yaml': yaml } : yaml;
  const files = Object.entries(texts).map(([path, text]) => ({ path, directory: '/src', text }));
  const built = Object.entries(contexts).map(([name, digest]): [string, BuildContext] => {
    const directory = `/src/${name}`;
    return [directory, { directory, file: 'Containerfile', digest }];
  });
  const snapshot: Snapshot = {
    revision: 'r1',
    files,
    contexts: new Map(built),
    problems: [],
    identity: '1:1',
    busy: false,
  };
  const loaded = load(files, { strict: false });
  const { desired, problems } = resolve(loaded.objects, snapshot, loaded.problems, { owner: 'podstead' });
  return { desired, problems: [...loaded.problems, ...problems] };
}

/** An engine that has nothing but the images. */
export function nothingBut(images: readonly string[], more: Partial<Actual> = {}): Actual {
  const known = images.map((name, index): [string, ActualImage] => [name, { id: `image${index}`, context: undefined }]);
  return {
    pods: new Map(),
    volumes: new Map(),
    images: new Map(known),
    foreignNames: new Map(),
    foreignPorts: [],
    fileUids: [],
    networks: [],
    ...more,
  };
}

/** The engine as it stands after the desired state was applied an hour ago. */
export function applied(desired: Desired, change: (pod: ActualPod) => ActualPod | undefined = pod => pod): Actual {
  const pods = [...desired.pods.values()]
    .map(pod => fromImages(runningPod(pod), pod, desired))
    .flatMap(pod => change(pod) ?? []);
  const images = [...desired.images.values()].map((image, index): [string, ActualImage] => [
    image.reference,
    { id: `image${index}`, context: image.build?.digest },
  ]);
  const volumes = [
    ...[...desired.volumes.values()].map(volume => volumeOf(volume.engineName, volume.key, undefined)),
    ...pods.flatMap(pod => emptyDirsOf(pod, desired)),
  ];
  return nothingBut([], {
    pods: new Map(pods.map(pod => [pod.key, pod])),
    images: new Map(images),
    volumes: new Map(volumes.map(volume => [volume.name, volume])),
    fileUids: pods.filter(pod => pod.files.size > 0).map(pod => pod.uid),
    networks: [...new Set(pods.map(pod => desired.pods.get(pod.key)?.sandbox.network ?? ''))],
  });
}

const hourAgo = now - 3_600_000;

/** Each container runs from what the name of its image stands for. */
function fromImages(live: ActualPod, pod: DesiredPod, desired: Desired): ActualPod {
  const references = [...desired.images.keys()];
  return [...pod.initContainers, ...pod.containers].reduce(
    (made, { name, image }) => withContainer(made, name, { imageId: `image${references.indexOf(image)}` }),
    live,
  );
}

/** A pod that runs as desired since an hour. */
export function runningPod(pod: DesiredPod): ActualPod {
  const uid = `uid-${pod.engineName}`;
  const init = pod.initContainers.map(each => {
    const container = containerOf(each);
    return each.sidecar ? container : { ...container, state: 'exited' as const, exitedAtMs: hourAgo + 1000 };
  });
  const containers = [...init, ...pod.containers.map(containerOf)];
  return {
    key: pod.key,
    id: `id-${pod.engineName}`,
    engineName: pod.engineName,
    uid,
    declaredBy: pod.declaredBy,
    digest: pod.sandbox.digest,
    infra: {
      id: `infra-${pod.engineName}`,
      state: 'running',
      createdAtMs: hourAgo,
      startedAtMs: hourAgo,
      exitedAtMs: 0,
    },
    containers: new Map(containers.map(each => [each.name, each])),
    foreign: [],
    memory: pod.volumes.flatMap(volume => (volume.type === 'emptyDir' && volume.memory ? [volume.name] : [])),
    ports: pod.sandbox.ports,
    files: new Map(pod.volumes.flatMap(volume => (volume.type === 'files' ? [[volume.name, volume.digest]] : []))),
    record: recordOf(pod, uid),
  };
}

/** Changes one container of a pod. */
export function withContainer(pod: ActualPod, name: string, change: Partial<ActualContainer>): ActualPod {
  const containers = new Map(pod.containers);
  const container = containers.get(name);
  if (container !== undefined) containers.set(name, { ...container, ...change });
  return { ...pod, containers };
}

/** Plans with everything at rest, unless told otherwise. */
export function planOf(desired: Desired, actual: Actual, opts: Partial<PlanOptions> = {}): Plan {
  const records = new Map(
    [...actual.pods.values()].flatMap(pod => (pod.record ? [[pod.key, pod.record] as const] : [])),
  );
  return makePlan(desired, actual, {
    now,
    owner: 'podstead',
    records,
    busy: new Set(),
    prune: 'all',
    retryNow: false,
    keepStanding: false,
    uid: (key: Key) => `new-${key}`,
    fingerprint,
    ...opts,
  });
}

/** The plan as lines that people can read: `op key: why`, then `id. step <- ids it waits on`. */
export function textOf(plan: Plan): readonly string[] {
  const changes = plan.changes.filter(change => change.op !== 'keep').map(({ op, key, why }) => `${op} ${key}: ${why}`);
  const steps = plan.steps.map(({ id, action, after, when }) => {
    const waits = after.length === 0 ? '' : ` <- ${after.join(' ')}`;
    return `${id}. ${when === 'failed' ? 'if failed: ' : ''}${describe(action)}${waits}`;
  });
  return [...changes, ...steps];
}

function containerOf(container: DesiredContainer): ActualContainer {
  return {
    name: container.name,
    id: `id-${container.engineName}`,
    engineName: container.engineName,
    digest: container.digest,
    state: 'running',
    exitCode: 0,
    startedAtMs: hourAgo,
    exitedAtMs: 0,
    imageId: 'image0',
    inspected: undefined,
  };
}

function recordOf(pod: DesiredPod, uid: string): PodRecord {
  const containers = [...pod.initContainers, ...pod.containers].map(({ name, secretDigest, resources, autoUpdate }) => [
    name,
    { ...{ backoffCount: 0, restarts: 0, secretDigest, resources }, ...(autoUpdate && { askedAtMs: hourAgo }) },
  ]);
  return {
    version: 1,
    key: pod.key,
    declaredBy: pod.declaredBy,
    uid,
    revision: 'r0',
    origin: pod.origin,
    source: '/src',
    applied: pod.canonical,
    containers: Object.fromEntries(containers),
    failure: undefined,
    history: [],
  };
}

function volumeOf(name: string, key: Key, uid: string | undefined): ActualVolume {
  return { name, owner: 'podstead', key, uid };
}

function emptyDirsOf(pod: ActualPod, desired: Desired): readonly ActualVolume[] {
  const volumes = desired.pods.get(pod.key)?.volumes ?? [];
  return volumes
    .filter(volume => volume.type === 'emptyDir')
    .map(volume => volumeOf(emptyDirName(pod.uid, volume.name), pod.key, pod.uid));
}
