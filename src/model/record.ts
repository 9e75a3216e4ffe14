import type { CanonicalPod, DesiredResources } from './desired.ts';
import type { Digest, Key } from './key.ts';
import type { Location } from './problem.ts';

/**
 * The format that this program writes, and the newest that it reads. It grows when an older program would misread what is
 * kept, be it here or in labels; members that such a program passes over leave it.
 */
export const recordVersion = 1;

/**
 * What is remembered of one pod between passes, in one small file of the state directory.
 *
 * It holds what labels cannot (they never change) and what the engine does not keep. Its loss costs history and
 * the middle column of a diff, never a restart.
 */
export interface PodRecord {
  readonly version: typeof recordVersion;
  readonly key: Key;
  readonly declaredBy: Key;
  /** Of the pod that the record speaks of; undefined while none could be created. */
  readonly uid: string | undefined;
  readonly revision: string;
  readonly origin: Location;
  /** The source it came from, for `why` and `status`: an absolute directory, or a list of paths. */
  readonly source: string;
  /** Last applied, the middle column of a diff. */
  readonly applied: CanonicalPod | undefined;
  readonly containers: { readonly [name: string]: ContainerRecord };
  /** Why the pod was ended for good before its containers ended by themselves; nothing in it is started any more. */
  readonly ended?: EndedRecord | undefined;
  /** Objects that are to be ready before it starts; absent while it waits for none. */
  readonly waitsFor?: readonly Key[];
  /** The last failure to bring the pod to its desired state; undefined once that worked. */
  readonly failure: FailureRecord | undefined;
  /** The latest actions, oldest first, at most 20. */
  readonly history: readonly HistoryEntry[];
}

export interface ContainerRecord {
  /** Restarts by us since the back-off was last reset. */
  readonly backoffCount: number;
  /** Restarts by us in the container's whole life. */
  readonly restarts: number;
  /** Over the Secret values in its environment. */
  readonly secretDigest: Digest | undefined;
  readonly resources: DesiredResources | undefined;
  /** How its latest run that ended did so; absent while none has, and where an older version looked last. */
  readonly last?: EndOfRun | undefined;
  /** Why we ended the run that began then: its exit code does not tell. */
  readonly stopped?: { readonly why: string; readonly startedAtMs: number } | undefined;
  /** When the registry was last asked for its image, where it follows that. */
  readonly askedAtMs?: number;
  /** The ids of the images between which it was last moved, as its name got another one. */
  readonly followed?: { readonly from: string; readonly to: string };
  /** Id of the image behind its name that it does not take: it could not be started from it. */
  readonly refused?: string;
}

/** How one run of a container ended. */
export interface EndOfRun {
  readonly exitCode: number;
  /** As Kubernetes names it (ContainerStateTerminated, "reason"). */
  readonly reason: 'Completed' | 'Error' | 'OOMKilled';
  readonly startedAtMs: number;
  readonly exitedAtMs: number;
  /** What it left for people; undefined where nothing. */
  readonly message?: string | undefined;
}

export interface EndedRecord {
  /** As Kubernetes names it (PodStatus, "reason"). */
  readonly reason: 'DeadlineExceeded';
  readonly message: string;
  readonly atMs: number;
}

export interface FailureRecord {
  readonly message: string;
  readonly hint: string | undefined;
  /** How often in a row; the delay before the next try grows with it. */
  readonly count: number;
  readonly atMs: number;
  /** Digest of what was wanted when it failed: another wish is tried at once. */
  readonly fingerprint: Digest;
}

export interface HistoryEntry {
  readonly atMs: number;
  readonly revision: string;
  readonly location: Location | undefined;
  /** `created`, `replaced`, `restarted`, …: the change's verb as a participle. */
  readonly result: string;
  readonly why: string;
  readonly fields: readonly string[];
}
