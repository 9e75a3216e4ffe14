import type { DesiredPod, DesiredPodVolume, DesiredPort, DesiredSandbox } from '../model/desired.ts';
import { keyParts } from '../model/key.ts';
import { labels } from '../model/labels.ts';
import { emptyDirName, memoryDirectory } from '../model/names.ts';
import { nonEmpty, resources } from './limits.ts';
import type { Resolver } from './resolver.ts';
import { idMapping } from './users.ts';

/** Who a pod is, besides its declaration. */
export interface Identity {
  readonly uid: string;
  readonly owner: string;
  /** The one that its containers are told; undefined where none of them is. */
  readonly address: string | undefined;
  /** First of the host's ids that are the pod's own; undefined where it has none. */
  readonly users?: number | undefined;
  /** Unused on the host's network, where each container has it. */
  readonly resolver: Resolver;
}

/** The body of `pods/create` (PodSpecGenerator of libpod's specgen) for a pod. */
export function podSpec(pod: DesiredPod, identity: Identity): Readonly<Record<string, unknown>> {
  const { sandbox } = pod;
  return {
    name: pod.engineName,
    labels: { ...userLabels(pod), ...sandboxLabels(pod, identity) },
    // "stop" stalls removals by 3 s at random in 4.3.
    exit_policy: 'continue',
    shared_namespaces: sharedNamespaces(pod),
    ...(sandbox.infraName === undefined ? {} : { infra_name: sandbox.infraName }),
    ...(identity.users === undefined ? {} : idMapping(identity.users)),
    ...(sandbox.hostNetwork ? hostNetwork(pod) : ownNetwork(pod, identity)),
    // On the cgroup of the pod, below which its containers' are.
    ...(sandbox.resources === undefined ? {} : nonEmpty('resource_limits', resources(sandbox.resources) ?? {})),
    ...some('volumes', memoryVolumes(pod, identity)),
    ...(sandbox.sysctls.length > 0
      ? { sysctl: Object.fromEntries(sandbox.sysctls.map(({ name, value }) => [name, value])) }
      : {}),
  };
}

/** What the infra container, and so the pod, is known by. */
function sandboxLabels(pod: DesiredPod, { uid, owner, address, users }: Identity): Readonly<Record<string, string>> {
  const { kind, name } = keyParts(pod.declaredBy);
  return {
    [labels.owner]: owner,
    [labels.key]: pod.key,
    [labels.uid]: uid,
    [labels.digest]: pod.sandbox.digest,
    ...(kind === 'Deployment' ? { [labels.deployment]: name } : {}),
    ...(address === undefined ? {} : { [labels.address]: address }),
    ...(users === undefined ? {} : { [labels.users]: String(users) }),
  };
}

/** A tmpfs is empty again once nothing has it mounted: the sandbox has it as long as the pod lives. */
function memoryVolumes(pod: DesiredPod, { uid }: Identity): readonly Readonly<Record<string, unknown>>[] {
  return pod.volumes.filter(isInMemory).map(({ name }) => {
    const Dest = `${memoryDirectory}/${name}`;
    return { Name: emptyDirName(uid, name), Dest, Options: ['rw', 'nocopy'] };
  });
}

/** Whether a volume is an emptyDir with `medium: Memory`. */
export function isInMemory(volume: DesiredPodVolume): boolean {
  return volume.type === 'emptyDir' && volume.memory;
}

/** The user's labels, without what would pass for ours. */
export function userLabels(pod: DesiredPod): Readonly<Record<string, string>> {
  const ours: readonly string[] = Object.values(labels);
  return Object.fromEntries(Object.entries(pod.sandbox.labels).filter(([name]) => !ours.includes(name)));
}

/** The host's ipc and pid are given to each container: 4.3 has no such field for pods. */
function sharedNamespaces({ sandbox }: DesiredPod): readonly string[] {
  const shared = ['net', 'uts'];
  if (!sandbox.hostIpc) shared.push('ipc');
  if (sandbox.shareProcessNamespace && !sandbox.hostPid) shared.push('pid');
  return shared;
}

function hostNetwork({ sandbox }: DesiredPod): Readonly<Record<string, unknown>> {
  // As in Kubernetes, a pod on the host's network has the host's name, unless it is given one.
  const name = sandbox.hostname === undefined ? { utsns: { nsmode: 'host' } } : { hostname: sandbox.hostname };
  return { netns: { nsmode: 'host' }, ...name };
}

function ownNetwork({ key, sandbox }: DesiredPod, { address, resolver }: Identity): Readonly<Record<string, unknown>> {
  return {
    netns: { nsmode: 'bridge' },
    Networks: {
      [sandbox.network]: { aliases: sandbox.aliases, ...(address === undefined ? {} : { static_ips: [address] }) },
    },
    hostname: sandbox.hostname ?? keyParts(key).name,
    ...some('portmappings', sandbox.ports.map(portMapping)),
    ...names(sandbox, resolver, address),
  };
}

/**
 * Resolver and hosts file. The engine writes a line for each entry, and looks at nothing but the last colon, so that one
 * entry has both names of a pod with a subdomain: the first is the one that `hostname -f` finds.
 */
export function names(
  { fqdn, hostAliases }: DesiredSandbox,
  { servers, searches, options }: Resolver,
  address?: string,
): Readonly<Record<string, unknown>> {
  // Without SUBDOMAIN.NAMESPACE.svc.cluster.local.
  const short = fqdn?.split('.').slice(0, -5).join('.');
  const own = fqdn === undefined || address === undefined ? [] : [`${fqdn} ${short}:${address}`];
  return {
    ...some('dns_server', servers),
    ...some('dns_search', searches),
    ...some('dns_option', options),
    ...some('hostadd', [...own, ...hostAliases.flatMap(({ ip, names }) => names.map(name => `${name}:${ip}`))]),
  };
}

function portMapping({ hostIp, hostPort, containerPort, protocol }: DesiredPort): Readonly<Record<string, unknown>> {
  const mapping = { host_port: hostPort, container_port: containerPort, protocol };
  return hostIp === undefined ? mapping : { ...mapping, host_ip: hostIp };
}

function some(name: string, items: readonly unknown[]): Readonly<Record<string, unknown>> {
  return items.length > 0 ? { [name]: items } : {};
}
