import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { digest } from '../manifest/canon.ts';
import type { DesiredContainer, DesiredPort, DesiredSandbox, Json } from '../model/desired.ts';
import { portsOverlap } from '../model/port.ts';
import { asksForAddress } from '../model/text.ts';
import { compact } from './compact.ts';

/** What a sandbox takes from where its pod stands, besides the spec. */
export interface SandboxNames {
  /** The pod's name, its host name where the spec gives none. */
  readonly podName: string;
  readonly network: string;
  readonly aliases: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The canonical form of the sandbox: every field whose change needs a new pod, and no other. */
export function canonicalSandbox(spec: V1PodSpec, containers: readonly DesiredContainer[]): Json {
  return compact({
    hostname: spec.hostname,
    hostNetwork: spec.hostNetwork || undefined,
    // Containers that are told the address need a pod that keeps it.
    address: (!spec.hostNetwork && containers.some(asksForAddress)) || undefined,
    hostPID: spec.hostPID || undefined,
    hostIPC: spec.hostIPC || undefined,
    shareProcessNamespace: spec.shareProcessNamespace || undefined,
    ports: Object.fromEntries(
      portsOf(spec).map(port => [`${port.hostIp ?? ''}:${port.hostPort}/${port.protocol}`, port.containerPort]),
    ),
    hostAliases: Object.fromEntries((spec.hostAliases ?? []).map(({ ip, hostnames }) => [ip, hostnames ?? []])),
    dns: compact({
      servers: spec.dnsConfig?.nameservers,
      searches: spec.dnsConfig?.searches,
      options: spec.dnsConfig?.options === undefined ? undefined : dnsOptions(spec),
    }),
    fsGroup: spec.securityContext?.fsGroup,
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
  });
}

/** The sandbox, ready to be mapped to an engine's call; `canonical` is its {@link canonicalSandbox}. */
export function resolveSandbox(spec: V1PodSpec, canonical: Json, names: SandboxNames): DesiredSandbox {
  return {
    digest: digest(canonical),
    hostname: spec.hostname ?? hostNameOf(names.podName),
    hostNetwork: spec.hostNetwork ?? false,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    shareProcessNamespace: spec.shareProcessNamespace ?? false,
    network: names.network,
    aliases: names.aliases,
    ports: portsOf(spec),
    hostAliases: (spec.hostAliases ?? []).map(({ ip, hostnames }) => ({ ip, names: hostnames ?? [] })),
    dns: {
      servers: spec.dnsConfig?.nameservers ?? [],
      searches: spec.dnsConfig?.searches ?? [],
      options: dnsOptions(spec),
    },
    sysctls: spec.securityContext?.sysctls ?? [],
    labels: names.labels,
    annotations: names.annotations,
  };
}

/** A pod's name as its host name: 63 characters, as the kubelet cuts it (pkg/kubelet/kubelet_pods.go); Linux takes no more than 64. */
function hostNameOf(podName: string): string {
  return podName.slice(0, 63).replace(/[-.]+$/, '');
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
