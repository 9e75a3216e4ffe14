import { EngineError, type EngineExecutors } from '../../src/engine/engine.ts';
import type { ActualVolume } from '../../src/model/actual.ts';
import type { DesiredPod } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import { emptyDirName } from '../../src/model/names.ts';
import type { ActionOf } from '../../src/model/plan.ts';
import { seal } from '../../src/model/sealed.ts';
import { secretsIn } from '../../src/model/text.ts';
import type { FakeHost, HostContainer, HostPod } from './host.ts';
import { checkMounts, checkSubPaths } from './mounts.ts';
import { isOurs } from './observe.ts';

/** What the executors work on, and how a stop waits. */
export interface Works {
  readonly host: FakeHost;
  readonly owner: string;
  /** Waits out a grace period. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Every verb, as idempotent and as strict as the real engine's. */
export function fakeExecutors({ host, owner, sleep }: Works): EngineExecutors {
  const stop = async (container: HostContainer, graceSeconds: number, signal: AbortSignal): Promise<void> => {
    // Somebody stops it already: this stop ends when that one does.
    for (let waited = 0; container.state === 'stopping' && waited <= graceSeconds * 1000; waited += 100) {
      await sleep(100, signal);
      signal.throwIfAborted();
    }
    if (container.state !== 'running' && container.state !== 'paused') return;
    const isStubborn = host.stubborn.has(container.name);
    if (isStubborn) {
      container.state = 'stopping';
      await sleep(graceSeconds * 1000, signal);
      container.state = 'running';
      signal.throwIfAborted();
    }
    // Most programs of ours end at their stop signal with 0, as the images of the tests do.
    host.endContainer(container, isStubborn || graceSeconds === 0 ? 137 : 0);
  };
  const stopAll = async (pod: HostPod, graceSeconds: number, signal: AbortSignal): Promise<void> => {
    await Promise.all(host.members(pod).map(container => stop(container, graceSeconds, signal)));
    host.endSandbox(pod);
  };
  const refuseForeign = (pod: HostPod): void => {
    const foreign = host.members(pod).find(member => !isOurs(host, member, owner));
    if (foreign !== undefined) throw new EngineError('REFUSED', `Pod "${pod.name}" holds "${foreign.name}"`);
  };
  const ourPod = (id: string): HostPod | undefined => {
    const pod = host.pods.get(id) ?? host.podByName(id);
    if (pod !== undefined && pod.ours?.owner !== owner)
      throw new EngineError('REFUSED', `Pod "${pod.name}" is not ours`);
    return pod;
  };
  const ourContainer = (id: string): HostContainer | undefined => {
    const container = host.containers.get(id);
    if (container === undefined) return undefined;
    ourPod(container.pod ?? '');
    if (container.ours === undefined) throw new EngineError('REFUSED', `Container "${container.name}" is not ours`);
    return container;
  };
  const podOf = (key: Key, uid: string): HostPod => {
    const pod = [...host.pods.values()].find(
      ({ ours }) => ours?.owner === owner && ours.key === key && ours.uid === uid,
    );
    if (pod === undefined) throw new EngineError('GONE', `${key} is not there any more`);
    return pod;
  };

  const createVolume = (volume: ActualVolume): void => {
    const found = host.volumes.get(volume.name);
    if (found === undefined) host.volumes.set(volume.name, volume);
    else if (found.owner !== owner || found.key !== volume.key)
      throw new EngineError('NAME_TAKEN', `Volume "${volume.name}" is there already, and is not ours`);
  };

  return {
    pull: async ({ image: { reference }, always }) => {
      if (!always && host.images.has(reference)) return;
      if (!host.registry.has(reference)) throw new EngineError('IMAGE_NOT_FOUND', `No image "${reference}"`);
      host.images.set(reference, { id: host.released.get(reference) ?? `sha256:${reference}`, context: undefined });
      host.tell(`image ${reference} pull`);
    },
    build: async ({ image: { reference, build } }) => {
      if (build === undefined) throw new EngineError('BUILD_FAILED', `Nothing to build "${reference}" from`);
      if (host.brokenContexts.has(build.directory))
        throw new EngineError('BUILD_FAILED', `Cannot build "${reference}": exit status 1`);
      host.images.set(reference, { id: `sha256:${build.digest}`, context: build.digest });
      host.tell(`image ${reference} build`);
    },
    createVolume: async ({ volume: { engineName, key } }) => {
      createVolume({ name: engineName, owner, key, uid: undefined });
    },
    createEmptyDir: async ({ pod, uid, volume }) => {
      createVolume({ name: emptyDirName(uid, volume), owner, key: pod.key, uid });
    },
    writeFiles: async ({ uid, files: { name, digest } }) => {
      host.files.set(uid, new Map([...(host.files.get(uid) ?? []), [name, digest]]));
    },
    checkPorts: async ({ ports }) => host.checkPorts(ports),
    createPod: async ({ pod, uid }) => createPod(host, owner, pod, uid),
    createContainer: async action => createContainer(host, podOf(action.pod.key, action.uid), owner, action),
    startContainer: async ({ pod, uid, container }) => {
      const sandbox = podOf(pod.key, uid);
      const found = host.members(sandbox).find(({ ours }) => ours?.name === container.name);
      if (found === undefined)
        throw new EngineError('GONE', `Container "${container.engineName}" is not there any more`);
      checkSubPaths(host, pod, uid, container);
      host.startSandbox(sandbox);
      host.startContainer(found);
    },
    updateContainer: async ({ id, name, resources }) => {
      const container = ourContainer(id);
      if (container?.ours === undefined) throw new EngineError('GONE', `Container "${name}" is not there any more`);
      host.limitContainer(container, resources);
    },
    renameContainer: async ({ id, name, engineName }) => {
      const container = ourContainer(id);
      if (container === undefined) throw new EngineError('GONE', `Container "${name}" is not there any more`);
      host.renameContainer(container, engineName);
    },
    stopContainer: async ({ id, graceSeconds }, { signal }) => {
      const container = ourContainer(id);
      if (container !== undefined) await stop(container, graceSeconds, signal);
    },
    removeContainer: async ({ id }) => {
      const container = ourContainer(id);
      if (container !== undefined) host.removeContainer(container);
    },
    stopPod: async ({ id, graceSeconds }, { signal }) => {
      const pod = ourPod(id);
      if (pod === undefined) return;
      refuseForeign(pod);
      await stopAll(pod, graceSeconds, signal);
    },
    removePod: async ({ id, uid, graceSeconds }, { signal }) => {
      const pod = ourPod(id);
      if (pod !== undefined) {
        refuseForeign(pod);
        await stopAll(pod, graceSeconds, signal);
        host.removePod(pod);
      }
      for (const volume of [...host.volumes.values()]) {
        if (volume.owner === owner && volume.uid === uid) host.removeVolume(volume.name);
      }
      host.files.delete(uid);
    },
    removeEmptyPod: async ({ pod: key, uid }) => {
      const isIt = ({ isEmpty, ours }: HostPod): boolean =>
        isEmpty === true && ours?.owner === owner && ours.uid === uid;
      const pod = [...host.pods.values()].find(each => isIt(each) && each.ours?.key === key);
      if (pod !== undefined) host.removePod(pod);
    },
    startPod: async ({ id, pod: key, containers }) => {
      const pod = ourPod(id);
      if (pod === undefined) throw new EngineError('GONE', `${key} is not there any more`);
      host.startSandbox(pod);
      for (const name of containers) {
        const container = host.members(pod).find(({ ours }) => ours?.name === name);
        if (container === undefined) throw new EngineError('GONE', `Container "${name}" is not there any more`);
        host.startContainer(container);
      }
    },
    removeVolume: async ({ name, owner: expected }) => {
      const volume = host.volumes.get(name);
      if (volume === undefined) return;
      if (volume.owner !== expected) throw new EngineError('REFUSED', `Volume "${name}" is not ours`);
      const user = [...host.containers.values()].find(container => container.volumes.includes(name));
      if (user !== undefined) throw new EngineError('IN_USE', `Volume "${name}" is used by "${user.name}"`);
      host.removeVolume(name);
    },
    removeNetwork: async ({ name }) => {
      if (host.networks.has(name) && host.networks.get(name) !== owner)
        throw new EngineError('REFUSED', `Network "${name}" is not ours`);
      const user = [...host.pods.values()].find(pod => pod.network === name);
      if (user !== undefined) throw new EngineError('IN_USE', `Network "${name}" is used by "${user.name}"`);
      host.networks.delete(name);
    },
    removeFiles: async ({ uid }) => {
      host.files.delete(uid);
    },
  };
}

function createPod(
  host: FakeHost,
  owner: string,
  { key, declaredBy, engineName, sandbox, volumes }: DesiredPod,
  uid: string,
): void {
  const ours = { owner, key, uid, declaredBy, digest: sandbox.digest };
  const found = host.podByName(engineName);
  const labels = found?.ours;
  if (labels?.owner === owner && labels.uid === uid && labels.digest === sandbox.digest) return;
  const network = sandbox.hostNetwork ? undefined : sandbox.network;
  if (network !== undefined && !host.networks.has(network)) host.networks.set(network, owner);
  if (found !== undefined && labels?.owner === owner && labels.key === key && isHalfMade(host, found, owner))
    host.removePod(found);
  host.claimName(engineName);
  const id = host.newId();
  const memory = volumes.flatMap(volume => (volume.type === 'emptyDir' && volume.memory ? [volume.name] : []));
  host.addPod({
    id,
    name: engineName,
    ours,
    network,
    ports: sandbox.ports,
    memory,
    state: 'created',
    createdAtMs: host.nowMs(),
    startedAtMs: 0,
  });
}

/** Nothing in it ever ran, and all of it is ours. */
function isHalfMade(host: FakeHost, pod: HostPod, owner: string): boolean {
  const members = host.members(pod);
  return pod.state === 'created' && members.every(({ state, ours }) => state === 'created' && ours?.owner === owner);
}

function createContainer(
  host: FakeHost,
  at: HostPod,
  owner: string,
  { pod, uid, container }: ActionOf<'createContainer'>,
): void {
  const { name, engineName, digest } = container;
  const image = host.images.get(container.image);
  if (image === undefined) throw new EngineError('IMAGE_NOT_FOUND', `No image "${container.image}"`);
  const volumes = checkMounts(host, pod, uid, container);
  const found = host.containerByName(engineName);
  const isSame = found?.ours?.owner === owner && found.ours.uid === uid && found.ours.name === name;
  if (isSame && found.ours.digest === digest) return;
  host.claimName(engineName, found?.ours?.owner === owner && found.ours.uid === uid);
  const { cpuLimitMilli, memoryLimitBytes } = container.resources;
  const env = container.env.map(({ name, value }) => [
    name,
    typeof value === 'string' ? value : secretsIn(value).join(''),
  ]);
  const id = host.newId();
  host.addContainer({
    id,
    name: engineName,
    pod: at.id,
    ours: { owner, uid, name, digest },
    ports: [],
    imageId: image.id,
    volumes,
    inspected: { env: seal(Object.fromEntries(env)), cpuLimitMilli, memoryLimitBytes },
    state: 'created',
    exitCode: 0,
    startedAtMs: 0,
    exitedAtMs: 0,
  });
}
