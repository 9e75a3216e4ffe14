import assert from 'node:assert/strict';
import type { Clock } from '../../src/clock.ts';
import { engineNameOf } from '../../src/model/names.ts';
import { FakeEngine } from '../fakes/engine.ts';
import type { FakeHost, HostContainer, HostPod } from '../fakes/host.ts';
import { engineContract } from './engine.ts';
import type { Hand, Rig } from './rig.ts';

engineContract('the engine in memory', async () => fakeRig());

function fakeRig(): Rig {
  const engine = new FakeEngine({ clock: swiftClock(), owner: 'test' });
  const { host } = engine;
  host.images.set('localhost/bb:1', { id: 'bb', context: undefined });
  host.registry.add('registry/there:1');
  host.paths.set('/host/directory', 'directory').set('/host/file', 'file');
  host.brokenContexts.add('/src/bad');
  let port = 30_000;
  return {
    engine,
    hand: handOn(engine),
    registry: { there: 'registry/there:1', missing: 'registry/missing:1' },
    freePort: async () => {
      port += 1;
      return port;
    },
    listen: async taken => {
      host.listening.add(taken);
      return async () => void host.listening.delete(taken);
    },
    unstartable: container => {
      host.unstartable.add(container.engineName);
      return container;
    },
    context: async how => ({ directory: `/src/${how}`, file: 'Containerfile', digest: `digest-of-${how}` }),
    namesShared: true,
    paths: { directory: '/host/directory', file: '/host/file', absent: '/host/absent' },
    away: async () => {
      engine.vanish();
      return async () => {
        engine.down = false;
      };
    },
    reset: async () => {
      for (const all of [host.pods, host.containers, host.volumes, host.files, host.networks]) all.clear();
    },
    stubborn: container => {
      host.stubborn.add(container.engineName);
      return container;
    },
    ending: (container, exitCode) => {
      host.ending.set(container.engineName, exitCode);
      return container;
    },
  };
}

/** Time that passes by as fast as it is waited for. */
function swiftClock(): Clock {
  let nowMs = 1_000_000;
  return {
    now: () => nowMs,
    sleep: async ms => {
      nowMs += ms;
    },
  };
}

function handOn(engine: FakeEngine): Hand {
  const { host } = engine;
  const found = (name: string): HostContainer => {
    const container = host.containerByName(name);
    assert.ok(container, name);
    return container;
  };
  return {
    kill: async name => engine.kill(name),
    pause: async name => {
      found(name).state = 'paused';
    },
    rename: async (name, to) => host.renameContainer(found(name), to),
    removeContainer: async name => host.removeContainer(found(name)),
    removePod: async name => engine.removePodByHand(name),
    createPod: async name => {
      host.claimName(name);
      host.addPod(foreignPod(host, name));
    },
    emptyPod: async ({ owner, key, uid }) => {
      const name = engineNameOf(key);
      host.claimName(name);
      const ours = { owner, key, uid, declaredBy: key, digest: '' };
      host.addPod({ ...foreignPod(host, name), ours, isEmpty: true });
    },
    run: async (name, more = {}) => {
      const { pod, copyOf, port } = more;
      host.claimName(name);
      const { ours } = copyOf === undefined ? { ours: undefined } : found(copyOf);
      const id = host.newId();
      const inside = pod === undefined ? undefined : host.podByName(pod)?.id;
      const container = foreignContainer(id, name, inside);
      host.addContainer({ ...container, ours, isCopy: copyOf !== undefined, ports: port === undefined ? [] : [port] });
      host.startContainer(found(name));
    },
    createVolume: async name => void host.volumes.set(name, { name, owner: undefined, key: undefined, uid: undefined }),
    removeVolume: async name => host.removeVolume(name),
    linkInside: async (volume, path) => void host.links.add(`${volume}/${path}`),
    createNetwork: async name => void host.networks.set(name, undefined),
    removeNetwork: async name => void host.networks.delete(name),
  };
}

function foreignPod(host: FakeHost, name: string): HostPod {
  return { id: host.newId(), name, ours: undefined, network: undefined, ports: [], state: 'created', startedAtMs: 0 };
}

function foreignContainer(id: string, name: string, pod: string | undefined): HostContainer {
  const inspected = { env: { reveal: () => ({}), toString: () => '', toJSON: () => '' }, cpuLimitMilli: undefined };
  return {
    id,
    name,
    pod,
    ours: undefined,
    ports: [],
    imageId: 'bb',
    volumes: [],
    inspected: { ...inspected, memoryLimitBytes: undefined },
    state: 'created',
    exitCode: 0,
    startedAtMs: 0,
    exitedAtMs: 0,
  };
}
