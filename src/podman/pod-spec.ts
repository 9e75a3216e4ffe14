import type { DesiredPod, DesiredPort } from '../model/desired.ts';
import { keyParts } from '../model/key.ts';
import { labels } from '../model/labels.ts';

/** The body of `pods/create` (PodSpecGenerator of libpod's specgen) for a pod. */
export function podSpec(pod: DesiredPod, uid: string, owner: string): Readonly<Record<string, unknown>> {
  const { sandbox } = pod;
  return {
    name: pod.engineName,
    labels: { ...userLabels(pod), ...sandboxLabels(pod, uid, owner) },
    // "stop" stalls removals by 3 s at random in 4.3.
    exit_policy: 'continue',
    shared_namespaces: sharedNamespaces(pod),
    ...(sandbox.hostNetwork ? hostNetwork(pod) : ownNetwork(pod)),
    ...some('dns_server', sandbox.dns.servers),
    ...some('dns_search', sandbox.dns.searches),
    ...some('dns_option', sandbox.dns.options),
    ...some(
      'hostadd',
      sandbox.hostAliases.flatMap(({ ip, names }) => names.map(name => `${name}:${ip}`)),
    ),
    ...(sandbox.sysctls.length > 0
      ? { sysctl: Object.fromEntries(sandbox.sysctls.map(({ name, value }) => [name, value])) }
      : {}),
  };
}

/** What the infra container, and so the pod, is known by. */
function sandboxLabels(pod: DesiredPod, uid: string, owner: string): Readonly<Record<string, string>> {
  const { kind, name } = keyParts(pod.declaredBy);
  return {
    [labels.owner]: owner,
    [labels.key]: pod.key,
    [labels.uid]: uid,
    [labels.digest]: pod.sandbox.digest,
    ...(kind === 'Deployment' ? { [labels.deployment]: name } : {}),
  };
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

function ownNetwork({ key, sandbox }: DesiredPod): Readonly<Record<string, unknown>> {
  return {
    netns: { nsmode: 'bridge' },
    Networks: { [sandbox.network]: { aliases: sandbox.aliases } },
    hostname: sandbox.hostname ?? keyParts(key).name,
    ...some('portmappings', sandbox.ports.map(portMapping)),
  };
}

function portMapping({ hostIp, hostPort, containerPort, protocol }: DesiredPort): Readonly<Record<string, unknown>> {
  const mapping = { host_port: hostPort, container_port: containerPort, protocol };
  return hostIp === undefined ? mapping : { ...mapping, host_ip: hostIp };
}

function some(name: string, items: readonly unknown[]): Readonly<Record<string, unknown>> {
  return items.length > 0 ? { [name]: items } : {};
}
