import type {
  DesiredContainer,
  DesiredFiles,
  DesiredImage,
  DesiredPod,
  DesiredPort,
  DesiredResources,
  DesiredVolume,
} from './desired.ts';
import type { Key } from './key.ts';
import type { PinnedImage } from './pinned.ts';
import type { DesiredHooks, HookHandler } from './probe.ts';
import type { Location } from './problem.ts';
import type { ContainerRecord, EndedRecord, HistoryEntry } from './record.ts';

/** One field that differs, for people. Values are short JSON; a Secret's is never among them. */
export interface FieldChange {
  /** `containers.web.image`, `sandbox.ports[0].hostPort`, `env.MODE` … */
  readonly path: string;
  /** Last applied; undefined where it was not set or is not known. */
  readonly applied: string | undefined;
  readonly desired: string | undefined;
  /** What the engine shows, for what can drift. */
  readonly live: string | undefined;
  readonly location: Location | undefined;
}

/**
 * What differs for one object, and what becomes of it.
 *
 * - `create` it is not there; `recreate` its sandbox differs; `replace` one or more containers differ;
 * - `stop` it has ended, and what is left of it goes;
 * - `update` what can change without touching what runs; `start` it was made but has not run yet; `restart` it stopped
 *   and its policy says to run;
 * - `remove` nothing asks for it any more; `keep` it is as desired;
 * - `check` a registry is asked whether it has a newer image of that name;
 * - `wait` something is due later (`until`) or under way; `hold` it is held back, and `why` says by what.
 */
export type ChangeOp =
  | 'create'
  | 'recreate'
  | 'replace'
  | 'update'
  | 'start'
  | 'restart'
  | 'stop'
  | 'remove'
  | 'check'
  | 'keep'
  | 'wait'
  | 'hold';

export interface Change {
  readonly op: ChangeOp;
  /** Of a pod, a claim, or `Image/…` for a pull or build that nothing else asks for. */
  readonly key: Key;
  readonly why: string;
  /** What it costs: "in place", "1 container restarts, about 1 s", "pod is recreated". */
  readonly cost: string;
  readonly fields: readonly FieldChange[];
  readonly location: Location | undefined;
  /** With `wait`: when it is due, in milliseconds since the epoch; undefined while something is under way. */
  readonly untilMs: number | undefined;
  /** The objects that are to be ready before it starts, where it waits for them. */
  readonly waitsFor?: readonly Key[];
}

/** A container to be stopped. */
export interface StopTarget {
  readonly name: string;
  readonly id: string;
  /** Run first, within the grace period. */
  readonly preStop?: HookHandler;
}

/**
 * What can be done to the world. One row a verb; the unions and the executor tables are derived from it, so that a
 * half-added verb does not compile. Each is one effect, and doing it again when it is already done is success.
 */
export interface ActionArgs {
  /** `pinned`: this very image and no other; whatever the name stands for by then, where nobody could tell. */
  readonly pull: { readonly image: DesiredImage; readonly always: boolean; readonly pinned?: PinnedImage };
  readonly build: { readonly image: DesiredImage };
  readonly createVolume: { readonly volume: DesiredVolume };
  /** The volume of an emptyDir, named after the pod's uid. */
  readonly createEmptyDir: { readonly pod: DesiredPod; readonly uid: string; readonly volume: string };
  readonly writeFiles: { readonly pod: DesiredPod; readonly uid: string; readonly files: DesiredFiles };
  /** Binds each port for a moment: PORT_TAKEN while another process has it, before anything is stopped for it. */
  readonly checkPorts: { readonly pod: Key; readonly ports: readonly DesiredPort[] };
  /** The sandbox; makes the namespace's network where it is missing. */
  readonly createPod: { readonly pod: DesiredPod; readonly uid: string };
  readonly createContainer: { readonly pod: DesiredPod; readonly uid: string; readonly container: DesiredContainer };
  /** Gives a container of ours its name back; nothing that runs notices. */
  readonly renameContainer: {
    readonly pod: Key;
    readonly name: string;
    readonly id: string;
    readonly engineName: string;
  };
  /** Other limits for a container of ours, at once and at each later start; for engines that keep them. */
  readonly updateContainer: {
    readonly pod: Key;
    readonly name: string;
    readonly id: string;
    readonly resources: DesiredResources;
  };
  /**
   * Starts an existing container, and the sandbox before it; subPaths are proven safe again first. A paused one goes on.
   */
  readonly startContainer: {
    readonly pod: DesiredPod;
    readonly uid: string;
    readonly container: DesiredContainer;
    /** It is paused, so that this is no start: its postStart hook has run. */
    readonly resumes?: true;
  };
  readonly stopContainer: {
    readonly pod: Key;
    readonly name: string;
    readonly id: string;
    readonly graceSeconds: number;
    /** Run first, within the grace period. */
    readonly preStop?: HookHandler;
  };
  /**
   * Stops containers turn by turn: those of one turn together, the next turn once they have ended. Their hooks all run
   * at once, and the grace period is one for all.
   */
  readonly stopInOrder: {
    readonly pod: Key;
    readonly graceSeconds: number;
    readonly turns: readonly (readonly StopTarget[])[];
  };
  readonly removeContainer: {
    readonly pod: Key;
    readonly name: string;
    readonly id: string;
    /** Also those that it alone has. */
    readonly keepsVolumes?: true;
  };
  /** Stops every container of the pod, in parallel, within the grace period; the sandbox last. */
  readonly stopPod: { readonly pod: Key; readonly id: string; readonly graceSeconds: number };
  /** The sandbox, its containers, its emptyDir volumes and its files. Stops first what still runs. */
  readonly removePod: { readonly pod: Key; readonly id: string; readonly uid: string; readonly graceSeconds: number };
  /**
   * What an engine that died amid a removal may have left of a pod that nothing shows any more: the pod itself, without
   * any container. One that has a container, or is of another uid, stays.
   */
  readonly removeEmptyPod: { readonly pod: Key; readonly uid: string };
  /** Starts a pod of which no desired form is at hand: its sandbox and the containers of these names in the pod. */
  readonly startPod: {
    readonly pod: Key;
    readonly id: string;
    readonly containers: readonly string[];
    /** Those that start, not go on, and have a hook for that. */
    readonly hooked?: readonly StartedByName[];
  };
  /** A volume by name; data in it is lost. */
  readonly removeVolume: { readonly name: string; readonly owner: string };
  readonly removeNetwork: { readonly name: string };
  /** Files of a pod that is gone. */
  readonly removeFiles: { readonly uid: string };
  readonly writeRecord: { readonly pod: Key; readonly patch: RecordPatch };
  readonly removeRecord: { readonly pod: Key };
}

/** A container whose postStart hook is known from its last application. */
export interface StartedByName {
  readonly name: string;
  readonly id: string;
  readonly hooks: DesiredHooks;
  /** Of the stop that a failing hook leads to. */
  readonly graceSeconds: number;
}

export type Verb = keyof ActionArgs;
export type ActionOf<V extends Verb> = { readonly verb: V } & ActionArgs[V];
export type Action = { [V in Verb]: ActionOf<V> }[Verb];

/** What a step writes into a pod's record; absent members stay as they are. */
export interface RecordPatch {
  /** Everything that comes from the desired pod: applied form, revision, origin, resources, Secret digests. */
  readonly applied?: DesiredPod;
  readonly uid?: string;
  readonly revision?: string;
  readonly ended?: EndedRecord | undefined;
  /** What it waits for, which is nothing any more where `on` is empty, and what is told of a pod that was never applied. */
  readonly waits?: { readonly on: readonly Key[]; readonly declaredBy: Key; readonly origin: Location };
  readonly containers?: { readonly [name: string]: Partial<ContainerRecord> } | undefined;
  /** Appended. */
  readonly history?: HistoryEntry | undefined;
}

/** One action of a plan. */
export interface Step {
  readonly id: number;
  /** Whose step it is; steps of one key never run in two plans at once. */
  readonly key: Key;
  readonly action: Action;
  /** Ids that must have ended first; always smaller than `id`. */
  readonly after: readonly number[];
  /**
   * `done` (the usual): runs when all of `after` succeeded, else it is skipped.
   * `failed`: the way back; runs only when the last of `after` was tried and failed, else it is skipped without harm.
   */
  readonly when: 'done' | 'failed';
}

/** Everything that one pass decided. The same input gives the same plan, to the byte. */
export interface Plan {
  readonly revision: string;
  /** Sorted by key. */
  readonly changes: readonly Change[];
  readonly steps: readonly Step[];
  /** When to look again at the latest, in milliseconds since the epoch: the earliest `untilMs`. */
  readonly nextMs: number | undefined;
}
