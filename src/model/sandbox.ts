import type { Digest } from './key.ts';

/** What is fixed when a pod is created. */
export interface DesiredSandbox {
  /** Over the canonical sandbox fields. */
  readonly digest: Digest;
  readonly hostname: string | undefined;
  /** The engine's name for it; made up by the engine when undefined. */
  readonly infraName?: string;
  /** The pod's name in Kubernetes' DNS, where it has a subdomain: it finds itself by it, and others find it. */
  readonly fqdn?: string | undefined;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  /** Its user ids are its own: root in it is nobody on the host. */
  readonly ownUsers?: boolean;
  readonly shareProcessNamespace: boolean;
  /** The bridge network to join, one per namespace; unused with `hostNetwork`. */
  readonly network: string;
  /** Names by which the pod is found on its network. */
  readonly aliases: readonly string[];
  readonly ports: readonly DesiredPort[];
  readonly hostAliases: readonly { readonly ip: string; readonly names: readonly string[] }[];
  readonly dns: {
    readonly policy: DnsPolicy;
    /** What dnsConfig adds to the policy's own, or all there is with `none`. */
    readonly servers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  /** Of all containers together. */
  readonly resources?: DesiredResources;
  readonly sysctls: readonly { readonly name: string; readonly value: string }[];
  /** The user's own labels and annotations, written at creation and not part of the digest. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Whom a pod asks for names: its namespace's network and then the host's servers, these alone, or neither. */
export type DnsPolicy = 'cluster' | 'host' | 'none';

/** Limits and requests; undefined means none. */
export interface DesiredResources {
  readonly cpuLimitMilli: number | undefined;
  readonly cpuRequestMilli: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly memoryRequestBytes: number | undefined;
}

/** A port published on the host. */
export interface DesiredPort {
  readonly hostIp: string | undefined;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}
