import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { digest } from '../manifest/canon.ts';
import type { DesiredContainer, DesiredPort, DesiredSandbox, DnsPolicy, Json } from '../model/desired.ts';
import { namePrefix } from '../model/names.ts';
import { portsOverlap } from '../model/port.ts';
import { asksForAddress } from '../model/text.ts';
import { compact } from './compact.ts';
import { dnsNames, fullName, hostNameFor } from './host-name.ts';
import { canonicalResources, podResources } from './resources.ts';

/** What fields or annotations may ask for. */
export interface OwnSandbox {
  readonly ownUsers: boolean;
  readonly infraName: string | undefined;
}

/** What a sandbox takes from where its pod stands, besides the spec. */
export interface SandboxNames extends OwnSandbox {
  /** The pod's name, its host name where the spec gives none. */
  readonly podName: string;
  readonly namespace: string;
  readonly network: string;
  readonly aliases: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The canonical form of the sandbox: every field whose change needs a new pod, and no other. */
export function canonicalSandbox(spec: V1PodSpec, containers: readonly DesiredContainer[], own: OwnSandbox): Json {
  return compact({
    hostname: spec.hostname,
    infraName: own.infraName,
    hostnameOverride: spec.hostnameOverride || undefined,
    subdomain: spec.subdomain || undefined,
    setHostnameAsFQDN: (spec.subdomain && spec.setHostnameAsFQDN) || undefined,
    hostNetwork: spec.hostNetwork || undefined,
    // Containers that are told the address need a pod that keeps it.
    address: (!spec.hostNetwork && containers.some(asksForAddress)) || undefined,
    hostPID: spec.hostPID || undefined,
    hostIPC: spec.hostIPC || undefined,
    hostUsers: own.ownUsers ? false : undefined,
    shareProcessNamespace: spec.shareProcessNamespace || undefined,
    ports: Object.fromEntries(
      portsOf(spec).map(port => [`${port.hostIp ?? ''}:${port.hostPort}/${port.protocol}`, port.containerPort]),
    ),
    hostAliases: Object.fromEntries((spec.hostAliases ?? []).map(({ ip, hostnames }) => [ip, hostnames ?? []])),
    dns: compact({
      policy: policyOf(spec) === usualPolicy(spec) ? undefined : policyOf(spec),
      servers: spec.dnsConfig?.nameservers,
      searches: spec.dnsConfig?.searches,
      options: spec.dnsConfig?.options === undefined ? undefined : dnsOptions(spec),
    }),
    fsGroup: spec.securityContext?.fsGroup,
    resources: canonicalResources(spec.resources),
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
  });
}

/** The sandbox, ready to be mapped to an engine's call; `canonical` is its {@link canonicalSandbox}. */
export function resolveSandbox(spec: V1PodSpec, canonical: Json, names: SandboxNames): DesiredSandbox {
  const infra = names.infraName;
  const fqdn = fullName(spec, names.podName, names.namespace);
  return {
    digest: digest(canonical),
    hostname: hostNameFor(spec, names.podName, names.namespace),
    ...(fqdn === undefined ? {} : { fqdn }),
    ...(infra === undefined ? {} : { infraName: namePrefix(names.namespace) + infra }),
    hostNetwork: spec.hostNetwork ?? false,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    ...(names.ownUsers ? { ownUsers: true } : {}),
    shareProcessNamespace: spec.shareProcessNamespace ?? false,
    network: names.network,
    aliases: fqdn === undefined ? names.aliases : [...names.aliases, ...dnsNames(fqdn)],
    ports: portsOf(spec),
    hostAliases: (spec.hostAliases ?? []).map(({ ip, hostnames }) => ({ ip, names: hostnames ?? [] })),
    dns: {
      policy: policyOf(spec),
      servers: spec.dnsConfig?.nameservers ?? [],
      searches: spec.dnsConfig?.searches ?? [],
      options: dnsOptions(spec),
    },
    ...podResources(spec),
    sysctls: spec.securityContext?.sysctls ?? [],
    labels: names.labels,
    annotations: names.annotations,
  };
}

/** As the kubelet reads it: on the host's network, only ClusterFirstWithHostNet asks the namespace's. */
function policyOf({ dnsPolicy, hostNetwork }: V1PodSpec): DnsPolicy {
  if (dnsPolicy === 'None') return 'none';
  if (dnsPolicy === 'Default') return 'host';
  return hostNetwork && dnsPolicy !== 'ClusterFirstWithHostNet' ? 'host' : 'cluster';
}

function usualPolicy({ hostNetwork }: V1PodSpec): DnsPolicy {
  return hostNetwork ? 'host' : 'cluster';
}

/** Published ports, sorted. With the host's network nothing is published: the containers listen there themselves. */
export function portsOf(spec: V1PodSpec): readonly DesiredPort[] {
  if (spec.hostNetwork) return [];
  const ports = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers]
    .flatMap(container => container.ports ?? [])
    .flatMap(({ hostPort, containerPort, hostIP, protocol }) =>
      hostPort ? [{ hostIp: hostIP || undefined, hostPort, containerPort, protocol: protocolOf(protocol) }] : [],
    )
    .toSorted((a, b) => a.hostPort - b.hostPort || a.protocol.localeCompare(b.protocol));
  // The API lets a sidecar name a port of a main container again; it is published once.
  return ports.filter((port, at) => !ports.slice(0, at).some(earlier => isEqual(earlier, port)));
}

function isEqual(one: DesiredPort, other: DesiredPort): boolean {
  return portsOverlap(one, other) && one.hostIp === other.hostIp && one.containerPort === other.containerPort;
}

/** An init container that goes on running beside the main ones. */
export function isSidecar({ restartPolicy }: V1Container): boolean {
  return restartPolicy === 'Always';
}

function protocolOf(protocol: string | undefined): DesiredPort['protocol'] {
  return (protocol ?? 'TCP').toLowerCase() as DesiredPort['protocol'];
}

function dnsOptions(spec: V1PodSpec): readonly string[] {
  return (spec.dnsConfig?.options ?? []).map(({ name = '', value }) =>
    value === undefined ? name : `${name}:${value}`,
  );
}
