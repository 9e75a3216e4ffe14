import type { Key } from './key.ts';
import type { Change, Plan, Step } from './plan.ts';
import type { Problem } from './problem.ts';

/** How a step ended. */
export type StepResult =
  | { readonly outcome: 'done'; readonly step: Step; readonly tookMs: number }
  | { readonly outcome: 'failed'; readonly step: Step; readonly tookMs: number; readonly failure: Failure }
  /** It waited on a step that failed, was skipped, or was overtaken by another wish. */
  | { readonly outcome: 'skipped'; readonly step: Step; readonly because: string };

/** The world did not do it. */
export interface Failure {
  /** The port's own code, such as `IMAGE_NOT_FOUND`. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** The same call may succeed later without anybody's doing. */
  readonly transient: boolean;
}

/** What happens, as one stream: bars, logs, JSON and pages are views of it. `atMs` is milliseconds since the epoch. */
export type Event = { readonly atMs: number } & (
  | {
      readonly type: 'planned';
      readonly plan: Plan;
      readonly problems: readonly Problem[];
      readonly notices: readonly Notice[];
    }
  | { readonly type: 'stepStarted'; readonly step: Step }
  | { readonly type: 'progress'; readonly step: Step; readonly progress: Progress }
  | { readonly type: 'stepEnded'; readonly result: StepResult }
  /** All steps of a key have ended. */
  | {
      readonly type: 'settled';
      readonly key: Key;
      readonly change: Change;
      readonly failure: Failure | undefined;
      /** Why not all of it was done, where it did not fail: another wish overtook it, or what it waited on failed. */
      readonly skipped?: string;
    }
  | { readonly type: 'passFailed'; readonly failure: Failure; readonly retryAtMs: number }
  | { readonly type: 'idle' }
);

/** Progress of a pull, a build or a copy. */
export interface Progress {
  /** One line, as the engine says it: `STEP 2/5: COPY …`, `Copying blob 3f…`. */
  readonly message: string;
  readonly doneBytes: number | undefined;
  readonly totalBytes: number | undefined;
}

/**
 * Something worth saying that is no fault of the input: what the guard of pruning holds back, a container in a pod of
 * ours that we did not make, an image that grew older, or one of which nobody could tell what will come.
 */
export interface Notice {
  readonly code: 'PRUNE_HELD' | 'FOREIGN_CONTAINER' | 'IMAGE_OLDER' | 'IMAGE_UNPINNED';
  readonly message: string;
  readonly hint: string | undefined;
  /** The reference that it is about, where it is about a pull. */
  readonly image?: string;
}

export type Emit = (event: Event) => void;
