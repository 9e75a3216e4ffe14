import type { DeclaredBuild } from './build.ts';
import type { RegistryCredential } from './credential.ts';
import type { Digest, Key } from './key.ts';
import type { DesiredHooks, DesiredProbes } from './probe.ts';
import type { Location } from './problem.ts';
import type { DesiredResources, DesiredSandbox } from './sandbox.ts';
import type { Sealed } from './sealed.ts';
import type { RuntimeText } from './text.ts';

export type { DesiredPort, DesiredResources, DesiredSandbox, DnsPolicy } from './sandbox.ts';

/** What this host should run, derived from one snapshot of the source. */
export interface Desired {
  readonly revision: string;
  /** By the pod's own key. A Deployment stands here as its pods, `Pod/ns/NAME-HASH-INDEX`. */
  readonly pods: ReadonlyMap<Key, DesiredPod>;
  /** PersistentVolumeClaims, by their name in the engine. */
  readonly volumes: ReadonlyMap<string, DesiredVolume>;
  /** Every image that a pod needs, by the reference as written. */
  readonly images: ReadonlyMap<string, DesiredImage>;
  /** Every object that the source declares, also those refused; absence from here is what pruning acts on. */
  readonly declared: ReadonlyMap<Key, Location>;
  /** Objects declared but refused: whatever runs of them stays untouched. */
  readonly held: ReadonlyMap<Key, string>;
  /** False while anything in the source has an error, so that absence proves nothing and nothing is pruned. */
  readonly complete: boolean;
}

/** One pod that should run. */
export interface DesiredPod {
  readonly key: Key;
  /** The object that asks for it: the Pod itself or its Deployment. */
  readonly declaredBy: Key;
  readonly origin: Location;
  /** The pod's name in the engine: that of the manifest, with `NAMESPACE_` before it outside `default`. */
  readonly engineName: string;
  readonly sandbox: DesiredSandbox;
  /** Begun one after the other before the main containers: each runs to success, or is a sidecar that has started. */
  readonly initContainers: readonly DesiredContainer[];
  readonly containers: readonly DesiredContainer[];
  readonly volumes: readonly DesiredPodVolume[];
  /** The group that the pod's own volumes are given to; undefined where they stay as they are. */
  readonly fsGroup?: DesiredFsGroup;
  /** Pods and Deployments of the source that are to be ready before it starts, sorted; left out where there are none. */
  readonly after?: readonly Key[];
  readonly restartPolicy: RestartPolicy;
  /** How long the pod may run, counted from when its sandbox was made; in seconds. */
  readonly activeDeadlineSeconds?: number | undefined;
  /** How long a container may take to stop after its stop signal, in seconds. */
  readonly gracePeriodSeconds: number;
  /** The pod as the diff shows it: the manifest's canonical form with values from ConfigMaps filled in, Secrets as references. */
  readonly canonical: CanonicalPod;
  /** Where a field of `canonical` stands in the source, by JSON pointer; the nearest known parent where it was defaulted. */
  readonly locate: (pointer: string) => Location;
}

/** Group ownership of a pod's volumes. */
export interface DesiredFsGroup {
  readonly gid: number;
  /** Leave a claim's files alone where its top directory fits already (fsGroupChangePolicy: OnRootMismatch). */
  readonly onRootMismatch: boolean;
}

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** Plain JSON, keys sorted by {@link canonical}; holds no secret. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The canonical form of a pod: what the digests are taken over, and what the diff compares. */
export interface CanonicalPod {
  /** Fields of the sandbox: a change recreates the pod. */
  readonly sandbox: Json;
  /** By container name, init containers included: a change replaces that container alone. */
  readonly containers: { readonly [name: string]: Json };
  /**
   * Fields that change without touching anything that runs: labels, annotations, grace period, restart policy, and
   * what else it takes to write the manifest again.
   */
  readonly inPlace: Json;
}

/** One container, ready to be mapped to an engine's call. */
export interface DesiredContainer {
  /** Its name in the pod. */
  readonly name: string;
  /** Its name in the engine, `PODNAME-NAME`, with a fixed suffix where that is taken by another of ours. */
  readonly engineName: string;
  /** Over the canonical container fields with values from ConfigMaps and the build context's digest; without resources and Secrets. */
  readonly digest: Digest;
  /** Reference as written in the manifest. */
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  /** It is made anew from another image of that name, once there is one: no part of the digest. */
  readonly autoUpdate?: AutoUpdate;
  /** The image's ENTRYPOINT when undefined. */
  readonly command: readonly (string | RuntimeText)[] | undefined;
  /** The image's CMD when both this and `command` are undefined. */
  readonly args: readonly (string | RuntimeText)[] | undefined;
  readonly workingDir: string | undefined;
  readonly env: readonly DesiredEnv[];
  /** Digest over the Secret values in `env`; kept in the pod's record, never in a label. Undefined without any. */
  readonly secretDigest: Digest | undefined;
  readonly mounts: readonly DesiredMount[];
  readonly resources: DesiredResources;
  /** Of these, another amount takes a restart (resizePolicy). No part of the digest. */
  readonly restartsFor?: readonly ('cpu' | 'memory')[];
  readonly security: DesiredSecurity;
  readonly tuning: DesiredTuning | undefined;
  /** As `SIGUSR1`; the image's, else SIGTERM, when undefined. */
  readonly stopSignal: string | undefined;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** An init container that goes on running beside the main ones (`restartPolicy: Always`), and stops after them. */
  readonly sidecar?: boolean;
  /** Where a run may leave a message for people; undefined for Kubernetes' own place. */
  readonly messagePath?: string | undefined;
  /** Run by the agent. No part of the digest, as the hooks are not: what runs never notices that they changed. */
  readonly probes?: DesiredProbes;
  readonly hooks?: DesiredHooks;
}

/** What Podman's own annotations ask of a container beyond Kubernetes' fields (podman-kube-play(1)). */
export interface DesiredTuning {
  /** By their names in setrlimit(2), without RLIMIT_, lower case; -1 is unlimited. */
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly pidsLimit: number | undefined;
  /** CPUs and memory nodes that it may use, as lists: `0-2,4`. */
  readonly cpus: string | undefined;
  readonly memoryNodes: string | undefined;
  /** A small init runs as process 1, which reaps what the program leaves. */
  readonly init: boolean;
}

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** Which newer images a container takes: those that this host has under the name, or its registry's too. */
export type AutoUpdate = 'local' | 'registry';

/** One environment variable; a value out of a Secret is sealed, one of the pod itself is filled in where it runs. */
export interface DesiredEnv {
  readonly name: string;
  readonly value: string | Sealed | RuntimeText;
}

/** One volume as a container sees it. */
export interface DesiredMount {
  /** Name of a volume of the pod. */
  readonly volume: string;
  readonly path: string;
  readonly readOnly: boolean;
  /** Path inside the volume, relative and without `..`; resolved without following links before each start. */
  readonly subPath: string | RuntimeText | undefined;
  /** Start only where nothing is mounted below the volume: it could be written to in spite of `readOnly`. */
  readonly recursiveReadOnly?: boolean;
  readonly propagation: 'private' | 'rslave' | 'rshared' | undefined;
}

/** The security context of a container, after the pod's own has been merged into it. */
export interface DesiredSecurity {
  /** As Podman's `--user` takes it: `uid` or `uid:gid`. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  /** Refuse to start when the image or `user` means root. */
  readonly runAsNonRoot: boolean;
  readonly privileged: boolean;
  readonly readOnlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  /** Nothing of /proc is hidden or read-only. */
  readonly unmaskedProc?: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  /** `unconfined`, a profile's path, or undefined for the runtime's default. */
  readonly seccompProfile: string | undefined;
  /** `unconfined`, the name of a loaded profile, or undefined for the runtime's default. */
  readonly appArmorProfile: string | undefined;
  /** As Podman's `--security-opt label=` takes them. */
  readonly selinuxOptions: readonly string[];
}

/** A volume of a pod. */
export type DesiredPodVolume =
  | {
      readonly type: 'emptyDir';
      readonly name: string;
      readonly memory: boolean;
      readonly sizeLimitBytes: number | undefined;
    }
  | {
      readonly type: 'hostPath';
      readonly name: string;
      readonly path: string;
      readonly pathType: HostPathType;
      /** An SELinux label for all containers, or for this pod's alone. */
      readonly relabel?: 'z' | 'Z';
    }
  | { readonly type: 'claim'; readonly name: string; readonly engineName: string; readonly readOnly: boolean }
  | DesiredImageVolume
  | DesiredFiles;

/** The files of an image, mounted read-only. */
export interface DesiredImageVolume {
  readonly type: 'image';
  readonly name: string;
  /** As written in the manifest. */
  readonly image: string;
  readonly pullPolicy: PullPolicy;
}

/** Files of ConfigMaps, Secrets and the pod itself, kept in the state directory and mounted read-only. */
export interface DesiredFiles {
  readonly type: 'files';
  readonly name: string;
  /** For people: `ConfigMap/ns/name`, `Secret/ns/name`, the pod's object, or several; they need not exist where optional. */
  readonly from: string;
  readonly secret: boolean;
  /** Over paths, modes and contents; equal to what stands on disk means nothing to write. */
  readonly digest: Digest;
  readonly entries: readonly DesiredFile[];
}

/** One file; what only the host can tell of the pod is filled in as it is written. */
export interface DesiredFile {
  /** Relative to the volume. */
  readonly path: string;
  readonly mode: number;
  /** Out of a Secret; where it is left out, as the volume is. */
  readonly secret?: boolean;
  /** The ConfigMap and the key of it that it comes from; absent where it comes from elsewhere. */
  readonly configMap?: { readonly name: string; readonly key: string };
  readonly content: Sealed<Uint8Array> | RuntimeText;
}

export type HostPathType =
  | ''
  | 'Directory'
  | 'DirectoryOrCreate'
  | 'File'
  | 'FileOrCreate'
  | 'Socket'
  | 'CharDevice'
  | 'BlockDevice';

/** A PersistentVolumeClaim: a named volume of the engine that outlives every pod. */
export interface DesiredVolume {
  readonly key: Key;
  readonly origin: Location;
  readonly engineName: string;
  /** ReadWriteOncePod: no two pods may have it at once. */
  readonly singleWriter: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** The engine's own driver when undefined. */
  readonly driver?: string;
  /** Driver options, from `volume.podman.io/*` annotations. */
  readonly options: Readonly<Record<string, string>>;
  /** Absolute path of an archive of this host that a new volume is filled from. */
  readonly importSource?: string;
}

/** An image, with the ways to get it. */
export interface DesiredImage {
  readonly reference: string;
  /** Set where a build context stands beside the manifest, or an ImageBuild declares it: then the image is built, never pulled. */
  readonly build: DesiredBuild | undefined;
  /** Credentials by registry host (and path), from imagePullSecrets. */
  readonly credentials: Sealed<Readonly<Record<string, RegistryCredential>>> | undefined;
}

export interface DesiredBuild {
  readonly directory: string;
  readonly file: string;
  readonly digest: Digest;
  /** Set where an ImageBuild declares it. */
  readonly declared?: DeclaredBuild | undefined;
}
