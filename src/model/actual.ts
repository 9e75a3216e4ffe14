import type { DesiredPort } from './desired.ts';
import type { Digest, Key } from './key.ts';
import type { ContainerHealth } from './probe.ts';
import type { PodRecord } from './record.ts';
import type { Sealed } from './sealed.ts';

/** What the engine really has, of ours and around us, at one moment. */
export interface Actual {
  /**
   * Our pods by key: those whose infra container carries our labels and whose name is the one its key gives.
   * A hand-made pod, or a container that merely inherited our labels through an image, is not among them.
   */
  readonly pods: ReadonlyMap<Key, ActualPod>;
  /** Every volume, by name; `owner` tells ours. */
  readonly volumes: ReadonlyMap<string, ActualVolume>;
  /** Every image, by each of its names (`localhost/web:latest`, a short name resolved as the engine does) and by its id. */
  readonly images: ReadonlyMap<string, ActualImage>;
  /** Names of pods and containers that are not ours, to who has them ("container 3fa…"): they cannot be taken. */
  readonly foreignNames: ReadonlyMap<string, string>;
  /** Ports published by running containers that are not ours. */
  readonly foreignPorts: readonly {
    readonly hostIp: string;
    readonly hostPort: number;
    readonly protocol: string;
    readonly by: string;
  }[];
  /** Pod uids that have a directory of files in the state directory; those of no pod are swept. */
  readonly fileUids: readonly string[];
  /** Networks of ours that pods of ours are attached to. */
  readonly networks: readonly string[];
}

/** As the engine says it; `unknown` is never taken for running nor for absent. */
export type ContainerState = 'created' | 'running' | 'paused' | 'stopping' | 'exited' | 'removing' | 'unknown';

export interface ActualPod {
  readonly key: Key;
  readonly id: string;
  readonly engineName: string;
  /** Given at creation; names the pod's emptyDir volumes and its directory of files. */
  readonly uid: string;
  /** Kind of the object that asked for it, from the label: `Pod` or `Deployment`. */
  readonly declaredBy: Key;
  /** Digest of the sandbox, from the label. */
  readonly digest: Digest;
  readonly infra: {
    readonly id: string;
    readonly state: ContainerState;
    /** When the pod was made; 0 where the engine does not tell. */
    readonly createdAtMs: number;
    readonly startedAtMs: number;
    /** 0 means never: then everything in the pod was started after it. */
    readonly exitedAtMs: number;
  };
  /** By container name in the pod, init containers included. */
  readonly containers: ReadonlyMap<string, ActualContainer>;
  /** Ports that the pod publishes on the host, as its infra container shows them. */
  readonly ports: readonly DesiredPort[];
  /** Names of containers in the pod that are not ours; such a pod is not removed. */
  readonly foreign: readonly string[];
  /** Names of the emptyDir volumes in memory that its sandbox keeps while no container uses them. */
  readonly memory: readonly string[];
  /** Digest of the files on disk, by name of the pod's volume. */
  readonly files: ReadonlyMap<string, Digest>;
  /** What we remember of it; undefined where the record was lost. */
  readonly record: PodRecord | undefined;
}

export interface ActualContainer {
  readonly name: string;
  readonly id: string;
  readonly engineName: string;
  readonly digest: Digest;
  readonly state: ContainerState;
  /** Of the last exit; meaningless while it has never run. */
  readonly exitCode: number;
  /** Milliseconds since the epoch, to the second; 0 means never. */
  readonly startedAtMs: number;
  readonly exitedAtMs: number;
  readonly imageId: string;
  /** Volumes that the engine would remove with it are claims, and stay. */
  readonly keepsVolumes?: true;
  /** Only where the record was lost and inspect had to answer instead. */
  readonly inspected: InspectedContainer | undefined;
  /** Only while it runs, has probes and somebody runs them. */
  readonly health?: ContainerHealth | undefined;
}

/** What inspect tells about values that no label holds. */
export interface InspectedContainer {
  readonly env: Sealed<Readonly<Record<string, string>>>;
  readonly cpuLimitMilli: number | undefined;
  readonly memoryLimitBytes: number | undefined;
}

export interface ActualVolume {
  readonly name: string;
  /** Owner, key and pod uid from its labels; undefined where it is not ours. */
  readonly owner: string | undefined;
  readonly key: Key | undefined;
  readonly uid: string | undefined;
  /** It was not yet filled to its end when whoever filled it broke off. */
  readonly halfFilled?: boolean;
}

export interface ActualImage {
  readonly id: string;
  /** Digest of the context it was built from, from its label; undefined where we did not build it. */
  readonly context: Digest | undefined;
  /** When it was made, as its configuration says; milliseconds since the epoch. Left out where nobody knows. */
  readonly createdMs?: number;
}
