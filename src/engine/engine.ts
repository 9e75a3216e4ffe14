import type { Actual, InspectedContainer } from '../model/actual.ts';
import type { Progress } from '../model/event.ts';
import type { ActionOf, Verb } from '../model/plan.ts';

/** A container engine, as the reconciler sees it. One instance serves one owner. */
export interface Engine {
  /** What it is and where, for people: `podman 4.3.1 at unix:///run/podman/podman.sock`. */
  readonly name: string;
  /** Whose objects are ours: the value of the `podstead.dev/owner` label. */
  readonly owner: string;
  /** Whether limits that change while a container stands are still there when it starts again. */
  readonly keepsLimits: boolean;
  /**
   * Everything at one moment, in three calls (containers, volumes, images). `record` is left undefined and
   * `inspected` unset: the pass fills them in.
   *
   * @throws EngineError rather than return a partial view
   */
  observe(opts: Signalled): Promise<Actual>;
  /** What inspect tells of one container; undefined where it is gone. */
  inspect(containerId: string, opts: Signalled): Promise<InspectedContainer | undefined>;
  /** What only inspect tells of how a container's latest run ended; undefined where it is gone. */
  endOf(run: EndedRun, opts: Signalled): Promise<RunEnd | undefined>;
  /**
   * Does one action. Idempotent: finding the work already done is success.
   *
   * @throws EngineError
   */
  perform(action: EngineAction, opts: PerformOptions): Promise<void>;
  /**
   * Hints that something changed, each a short reason for the log. They may be lost, late or repeated, and are never
   * the basis of a decision. Ends when the stream does (the caller looks again and reconnects).
   *
   * @throws EngineError when the engine cannot be reached
   */
  wakes(opts: Signalled): AsyncIterable<string>;
}

/** Verbs that an engine performs; the others belong to the record store, or are made of these. */
export type EngineVerb = Exclude<Verb, 'writeRecord' | 'removeRecord' | 'stopInOrder'>;
export type EngineAction = { [V in EngineVerb]: ActionOf<V> }[EngineVerb];

/** In an adapter: a verb without a row does not compile. */
export type EngineExecutors = {
  readonly [V in EngineVerb]: (action: ActionOf<V>, opts: PerformOptions) => Promise<void>;
};

/** A run of a container of ours that has ended. */
export interface EndedRun {
  readonly containerId: string;
  /** Of its pod. */
  readonly uid: string;
  /** In its pod. */
  readonly name: string;
  readonly startedAtMs: number;
  /** Take the end of its log for its message where it left none. */
  readonly fallsBackToLog: boolean;
}

export interface RunEnd {
  /** The kernel killed it for want of memory. */
  readonly oomKilled: boolean;
  /** What it left for people; undefined where nothing. */
  readonly message: string | undefined;
}

export interface Signalled {
  readonly signal: AbortSignal;
}

export interface PerformOptions extends Signalled {
  /** Called with what a long action reports on its way. */
  readonly onProgress: (progress: Progress) => void;
}

/** Why an engine did not do what was asked. */
export type EngineCode =
  /** Nothing answers at its address, or the connection broke. */
  | 'ENGINE_UNREACHABLE'
  /** The engine is of a version or in a state that we do not work with. */
  | 'ENGINE_UNSUITABLE'
  | 'IMAGE_NOT_FOUND'
  | 'REGISTRY_REFUSED'
  | 'REGISTRY_UNREACHABLE'
  /** The engine's policy.json refuses the image, or cannot be read. */
  | 'UNTRUSTED'
  | 'BUILD_FAILED'
  | 'NAME_TAKEN'
  | 'PORT_TAKEN'
  | 'PATH_UNSAFE'
  | 'PATH_MISSING'
  /** The runtime could not start the container: bad command, user, limit. */
  | 'START_FAILED'
  /** The container started, but its postStart hook failed. */
  | 'HOOK_FAILED'
  | 'IN_USE'
  /** It is not there any more: look again. */
  | 'GONE'
  | 'TIMEOUT'
  | 'DISK_FULL'
  | 'REFUSED'
  /** Everything else, with the engine's own words in the message. */
  | 'ENGINE_ERROR';

/** An engine did not do what was asked. Faults of the user's input are {@link Problem} values, not this. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineCode;
  /** What the operator can do, imperative. */
  readonly hint: string | undefined;
  /** The same call may succeed later without anybody's doing. */
  readonly transient: boolean;

  constructor(
    code: EngineCode,
    message: string,
    more: { readonly hint?: string | undefined; readonly transient?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
    this.transient = more.transient ?? false;
  }
}
