import type { Actual, ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { Key } from '../../src/model/key.ts';
import { engineNameOf } from '../../src/model/names.ts';
import type { FakeHost, HostContainer, HostPod } from './host.ts';

/** The host as `Engine.observe` shows it to an owner. */
export function observeHost(host: FakeHost, owner: string): Actual {
  const pods = new Map<Key, ActualPod>();
  const listed = [...host.pods.values()].filter(({ isEmpty }) => isEmpty !== true);
  for (const pod of listed) {
    const key = keyFor(pod, owner);
    if (key !== undefined) pods.set(key, actualPod(host, pod, key));
  }
  const foreignPods = listed.filter(pod => keyFor(pod, owner) === undefined);
  const foreignContainers = [...host.containers.values()].filter(container => !isOurs(host, container, owner));
  const publishing = [...foreignPods, ...foreignContainers.filter(({ pod }) => pod === undefined)];
  return {
    pods,
    volumes: new Map(host.volumes),
    images: new Map(host.images),
    foreignNames: new Map([
      ...foreignPods.map(({ name, id }) => [name, `pod ${id}`] as const),
      ...foreignContainers.map(({ name, id }) => [name, `container ${id}`] as const),
    ]),
    foreignPorts: publishing
      .filter(({ state }) => state === 'running')
      .flatMap(({ ports, name: by }) =>
        ports.map(({ hostIp = '', hostPort, protocol }) => ({ hostIp, hostPort, protocol, by })),
      ),
    fileUids: [...host.files.keys()],
    networks: [...new Set([...pods.values()].flatMap(({ id }) => host.pods.get(id)?.network ?? []))],
  };
}

/** The key of a pod that is ours: by its labels, and by the name that the key gives. */
function keyFor({ ours, name }: HostPod, owner: string): Key | undefined {
  return ours?.owner === owner && engineNameOf(ours.key) === name ? ours.key : undefined;
}

/** By its labels: one run from a commit of ours has them too, and is ours only under the very name that we give. */
export function isOurs(host: FakeHost, { pod, ours, name, isCopy }: HostContainer, owner: string): boolean {
  const at = host.pods.get(pod ?? '');
  if (at === undefined || ours === undefined || keyFor(at, owner) === undefined) return false;
  return ours.owner === owner && ours.uid === at.ours?.uid && (!isCopy || name.startsWith(`${at.name}-${ours.name}`));
}

function actualPod(host: FakeHost, pod: HostPod, key: Key): ActualPod {
  const { uid = '', declaredBy = key, digest = '' } = pod.ours ?? {};
  const members = host.members(pod);
  const mine = members.filter(member => isOurs(host, member, pod.ours?.owner ?? ''));
  return {
    key,
    id: pod.id,
    engineName: pod.name,
    uid,
    declaredBy,
    digest,
    infra: {
      id: `${pod.id}-infra`,
      state: pod.state,
      createdAtMs: pod.createdAtMs ?? 0,
      startedAtMs: pod.startedAtMs,
      exitedAtMs: pod.exitedAtMs ?? 0,
    },
    containers: new Map(mine.flatMap(member => actualContainer(member))),
    ports: pod.ports,
    foreign: members.filter(member => !mine.includes(member)).map(({ name }) => name),
    memory: pod.memory ?? [],
    files: host.files.get(uid) ?? new Map(),
    record: undefined,
  };
}

function actualContainer(container: HostContainer): readonly (readonly [string, ActualContainer])[] {
  const { ours, id, name: engineName, state, exitCode, startedAtMs, exitedAtMs, imageId } = container;
  if (ours === undefined) return [];
  const times = { exitCode, startedAtMs, exitedAtMs };
  const { name, digest } = ours;
  return [[name, { name, digest, id, engineName, state, ...times, imageId, inspected: undefined }]];
}
