import type { Clock } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { Actual } from '../model/actual.ts';
import type { Desired, DesiredPod } from '../model/desired.ts';
import type { Emit } from '../model/event.ts';
import type { Digest, Key } from '../model/key.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { PodRecord } from '../model/record.ts';
import type { Snapshot } from '../model/source.ts';
import type { Hooks, Probes } from '../probe/ports.ts';
import type { Records } from '../record/records.ts';
import type { Source } from '../source/source.ts';
import type { SavedGuard } from './guard.ts';
import type { ImageMemory } from './older.ts';
import type { ImagePins } from './pins.ts';

/** What a snapshot of the source asks for, and all that is wrong with it, reading included. */
export interface Loaded {
  readonly desired: Desired;
  readonly problems: readonly Problem[];
}

/** All that the reconciler touches; wired by hand in the command line's mains. */
export interface Ports {
  readonly source: Source;
  readonly engine: Engine;
  readonly records: Records;
  readonly clock: Clock;
  readonly emit: Emit;
  /** In [0, 1); spreads retries and resyncs. */
  readonly random: () => number;
  /** Pure, but for its modules, which may be read at the first call: what the source asks for. */
  readonly load: (snapshot: Snapshot) => Loaded | Promise<Loaded>;
  /** Pure: what to do about it. */
  readonly plan: (desired: Desired, actual: Actual, opts: PlanOptions) => Plan;
  /** Digest of all that is wanted of a pod: another wish is tried at once, and overtakes what is under way. */
  readonly fingerprint: (pod: DesiredPod) => Digest;
  /** A fresh uid for a pod that is to be created. */
  readonly uid: (key: Key) => string;
  /** Where the guard of pruning keeps what must outlive the program. */
  readonly memory: GuardMemory;
  /** Which images names stood for; without it none is found to be older than before. */
  readonly images?: ImageMemory;
  /** Which images the pulls of a plan are to bring; without it they bring whatever a name stands for by then. */
  readonly pins?: ImagePins;
  /** Runs probes while the loop runs; without it nothing is known of anybody's health. */
  readonly probes?: Probes;
  /** Runs the hooks of containers; without it there are none. */
  readonly hooks?: Hooks;
}

/** What the planner is told beside desired and actual. */
export interface PlanOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly owner: string;
  /** Also of pods that do not exist, with their failures. */
  readonly records: ReadonlyMap<Key, PodRecord>;
  /** Keys with unfinished steps; they get no new ones. */
  readonly busy: ReadonlySet<Key>;
  readonly prune: Prunable;
  /** A person asked: try at once what failed before. */
  readonly retryNow: boolean;
  readonly uid: (key: Key) => string;
  /** {@link Source.name}, for the records. */
  readonly source: string;
}

/** Which absent objects may be removed, by the key of what declared them. */
export type Prunable = 'none' | 'all' | ReadonlySet<Key>;

export interface GuardMemory {
  /** Undefined where nothing was saved or it cannot be read. */
  load(): Promise<SavedGuard | undefined>;
  save(saved: SavedGuard): Promise<void>;
}
