import { EngineError, type EngineExecutors } from '../../src/engine/engine.ts';
import type { DesiredContainer, DesiredPod } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import { emptyDirName } from '../../src/model/names.ts';
import { seal } from '../../src/model/sealed.ts';
import type { FakeHost, HostContainer, HostPod } from './host.ts';

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
    if (container.state !== 'running') return;
    const isStubborn = host.stubborn.has(container.name);
    if (isStubborn) {
      container.state = 'stopping';
      await sleep(graceSeconds * 1000, signal);
      container.state = 'running';
      signal.throwIfAborted();
    }
    host.endContainer(container, isStubborn ? 137 : 143);
  };
  const stopAll = async (pod: HostPod, graceSeconds: number, signal: AbortSignal): Promise<void> => {
    await Promise.all(host.members(pod).map(container => stop(container, graceSeconds, signal)));
    pod.state = 'exited';
  };
  const ourPod = (id: string): HostPod | undefined => {
    const pod = host.pods.get(id);
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

  return {
    pull: async ({ image: { reference }, always }) => {
      if (!always && host.images.has(reference)) return;
      if (!host.registry.has(reference)) throw new EngineError('IMAGE_NOT_FOUND', `No image "${reference}"`);
      host.images.set(reference, { id: `sha256:${reference}`, context: undefined });
    },
    build: async ({ image: { reference, build } }) => {
      if (build === undefined) throw new EngineError('BUILD_FAILED', `Nothing to build "${reference}" from`);
      host.images.set(reference, { id: `sha256:${build.digest}`, context: build.digest });
    },
    createVolume: async ({ volume: { engineName, key } }) => {
      if (!host.volumes.has(engineName)) host.volumes.set(engineName, { name: engineName, owner, key, uid: undefined });
    },
    createEmptyDir: async ({ pod, uid, volume }) => {
      const name = emptyDirName(uid, volume);
      host.volumes.set(name, { name, owner, key: pod.key, uid });
    },
    writeFiles: async ({ uid, files: { name, digest } }) => {
      host.files.set(uid, new Map([...(host.files.get(uid) ?? []), [name, digest]]));
    },
    checkPorts: async ({ ports }) => host.checkPorts(ports),
    createPod: async ({ pod, uid }) => createPod(host, owner, pod, uid),
    createContainer: async ({ pod, uid, container }) => createContainer(host, podOf(pod.key, uid), pod, uid, container),
    startContainer: async ({ pod, uid, container }) => {
      const sandbox = podOf(pod.key, uid);
      const found = host.members(sandbox).find(({ ours }) => ours?.name === container.name);
      if (found === undefined)
        throw new EngineError('GONE', `Container "${container.engineName}" is not there any more`);
      host.startSandbox(sandbox);
      host.startContainer(found);
    },
    stopContainer: async ({ id, graceSeconds }, { signal }) => {
      const container = ourContainer(id);
      if (container !== undefined) await stop(container, graceSeconds, signal);
    },
    removeContainer: async ({ id }) => {
      const container = ourContainer(id);
      if (container?.state === 'running') throw new EngineError('IN_USE', `Container "${container.name}" runs`);
      host.containers.delete(id);
    },
    stopPod: async ({ id, graceSeconds }, { signal }) => {
      const pod = ourPod(id);
      if (pod !== undefined) await stopAll(pod, graceSeconds, signal);
    },
    removePod: async ({ id, uid, graceSeconds }, { signal }) => {
      const pod = ourPod(id);
      if (pod !== undefined) {
        const foreign = host.members(pod).find(({ ours }) => ours === undefined);
        if (foreign !== undefined) throw new EngineError('REFUSED', `Pod "${pod.name}" holds "${foreign.name}"`);
        await stopAll(pod, graceSeconds, signal);
        host.removePod(pod);
      }
      for (const volume of [...host.volumes.values()]) if (volume.uid === uid) host.volumes.delete(volume.name);
      host.files.delete(uid);
    },
    startPod: async ({ id, pod: key, containers }) => {
      const pod = ourPod(id);
      if (pod === undefined) throw new EngineError('GONE', `${key} is not there any more`);
      host.startSandbox(pod);
      for (const container of host.members(pod))
        if (containers.includes(container.name)) host.startContainer(container);
    },
    removeVolume: async ({ name, owner: expected }) => {
      const volume = host.volumes.get(name);
      if (volume === undefined) return;
      if (volume.owner !== expected) throw new EngineError('REFUSED', `Volume "${name}" is not ours`);
      const user = [...host.containers.values()].find(container => container.volumes.includes(name));
      if (user !== undefined) throw new EngineError('IN_USE', `Volume "${name}" is used by "${user.name}"`);
      host.volumes.delete(name);
    },
    removeNetwork: async ({ name }) => {
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
  { key, declaredBy, engineName, sandbox }: DesiredPod,
  uid: string,
): void {
  const ours = { owner, key, uid, declaredBy, digest: sandbox.digest };
  const found = host.podByName(engineName)?.ours;
  if (found !== undefined && JSON.stringify(found) === JSON.stringify(ours)) return;
  host.claimName(engineName);
  const network = sandbox.hostNetwork ? undefined : sandbox.network;
  if (network !== undefined) host.networks.add(network);
  const id = host.newId();
  host.pods.set(id, { id, name: engineName, ours, network, ports: sandbox.ports, state: 'created', startedAtMs: 0 });
}

function createContainer(host: FakeHost, at: HostPod, pod: DesiredPod, uid: string, container: DesiredContainer): void {
  const { name, engineName, digest } = container;
  const found = host.containerByName(engineName);
  if (found?.pod === at.id && found.ours?.name === name && found.ours.digest === digest) return;
  host.claimName(engineName);
  const image = host.images.get(container.image);
  if (image === undefined) throw new EngineError('IMAGE_NOT_FOUND', `No image "${container.image}"`);
  const mounted = new Set(container.mounts.map(mount => mount.volume));
  const volumes = pod.volumes.flatMap(volume => {
    if (!mounted.has(volume.name)) return [];
    if (volume.type === 'emptyDir') return [emptyDirName(uid, volume.name)];
    return volume.type === 'claim' ? [volume.engineName] : [];
  });
  const { cpuLimitMilli, memoryLimitBytes } = container.resources;
  const env = container.env.map(({ name, value }) => [name, typeof value === 'string' ? value : value.reveal()]);
  const id = host.newId();
  host.containers.set(id, {
    id,
    name: engineName,
    pod: at.id,
    ours: { name, digest },
    imageId: image.id,
    volumes,
    inspected: { env: seal(Object.fromEntries(env)), cpuLimitMilli, memoryLimitBytes },
    state: 'created',
    exitCode: 0,
    startedAtMs: 0,
    exitedAtMs: 0,
  });
}
