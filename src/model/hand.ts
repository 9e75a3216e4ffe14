import type { AutoUpdate, DesiredPort, DesiredResources } from './desired.ts';

/** A pod, or a container in none, that somebody made with podman: what is so of it, and is not by the engine's default. */
export interface HandMade {
  /** Of the pod or the container, in the engine. */
  readonly name: string;
  readonly isPod: boolean;
  /** Of a pod and its infra container, which is empty where it has none. */
  readonly ids?: { readonly pod: string; readonly infra: string };
  /** Units of systemd that made it, and would make it again. */
  readonly units: readonly string[];
  readonly createdAtMs: number;
  readonly hostname: string | undefined;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly sharePid: boolean;
  readonly ports: readonly DesiredPort[];
  readonly hostAliases: readonly { readonly name: string; readonly ip: string }[];
  readonly dns: {
    readonly servers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  readonly sysctls: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** In the order in which they were made; at least one. */
  readonly containers: readonly HandContainer[];
  readonly volumes: ReadonlyMap<string, HandVolume>;
  /** What a manifest has no words for, as people say it. */
  readonly unsaid: readonly string[];
}

/** One of its containers; what comes from the image is left out. */
export interface HandContainer {
  readonly id: string;
  /** In the engine. */
  readonly engineName: string;
  /** In the pod. */
  readonly name: string;
  readonly image: string;
  readonly isInit: boolean;
  /** In Kubernetes' sense: instead of the image's ENTRYPOINT. */
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly workingDir: string | undefined;
  /** Values that are none of a secret's, in their order. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Variables that take a secret's value. */
  readonly secretEnv: readonly { readonly name: string; readonly secret: string }[];
  /** Secrets that are files below /run/secrets. */
  readonly secretFiles: readonly { readonly secret: string; readonly mode: number }[];
  /** `uid[:gid]`, or names. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  readonly privileged: boolean;
  readonly readOnly: boolean;
  readonly noNewPrivileges: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly seccomp: string | undefined;
  readonly appArmor: string | undefined;
  readonly selinux: readonly string[];
  /** As `SIGUSR1`. */
  readonly stopSignal: string | undefined;
  readonly stopSeconds: number;
  /** `no`, `always`, `unless-stopped` or `on-failure`. */
  readonly restart: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly resources: DesiredResources;
  readonly pidsLimit: number | undefined;
  readonly cpus: string | undefined;
  readonly memoryNodes: string | undefined;
  /** A small init is process 1. */
  readonly init: boolean;
  /** As `nofile=1024:2048`. */
  readonly ulimits: readonly string[];
  readonly health: HandHealth | undefined;
  readonly mounts: readonly HandMount[];
  /** Which newer images of its name `podman auto-update` gives it. */
  readonly autoUpdate: AutoUpdate | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly unsaid: readonly string[];
}

/** Podman's health check. */
export interface HandHealth {
  readonly command: readonly string[];
  /** Whether its failure ends the container; else it is only told. */
  readonly acts: boolean;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly startSeconds: number;
  readonly retries: number;
}

/** What a container has at a path. */
export type HandMount = {
  readonly path: string;
  readonly readOnly: boolean;
  readonly propagation: 'rslave' | 'rshared' | undefined;
} & (
  | { readonly type: 'volume'; readonly name: string }
  | { readonly type: 'bind'; readonly source: string }
  | { readonly type: 'tmpfs'; readonly sizeBytes: number | undefined }
);

/** A named volume of the engine. */
export interface HandVolume {
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}
