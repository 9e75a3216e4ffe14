import type { Emit, Failure, StepResult } from '../model/event.ts';
import type { Key } from '../model/key.ts';
import type { Action, Change, Plan, Step } from '../model/plan.ts';
import { overtakenSteps } from './cancel.ts';
import { type EffectPorts, perform } from './perform.ts';
import { type Lane, traits } from './verbs.ts';
import { hasEnded, type StepState, verdict } from './verdict.ts';

/** How the steps of one key ended, taken together. */
export type Ending =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'failed'; readonly failure: Failure }
  /** It did not fail, but not all of it was done either: look again. */
  | { readonly outcome: 'skipped'; readonly because: string };

export interface RunnerPorts extends EffectPorts {
  readonly emit: Emit;
  /** Told when all steps of a key have ended; the key stays busy until this resolves. Must not reject. */
  readonly ended: (key: Key, ending: Ending) => Promise<void>;
}

/** How many steps of a lane may run at once. */
export type Limits = { readonly [L in Lane]: number };

export const defaultLimits: Limits = { quick: 4, stop: 32, fetch: 4, hook: 32, record: 4 };

interface Entry {
  readonly step: Step;
  state: StepState;
  readonly abort: AbortController;
  /** Why it was aborted; then its failure is none. */
  overtaken: string | undefined;
  /** Failure of a shared preparation, its own or one it waited on. */
  root: Failure | undefined;
  /** A way back that was not needed, or what follows one: its being skipped is no loss. */
  harmless: boolean;
}

/** The steps of one plan that was started, by id in rising order. */
type Run = ReadonlyMap<number, Entry>;

interface Flight {
  readonly run: Run;
  readonly change: Change;
  left: number;
  failure: Failure | undefined;
  skipped: string | undefined;
}

/**
 * Runs plans, several at once as long as no key is in two of them. What it reports goes to `emit`; it decides nothing
 * but the order of what a plan leaves open.
 */
export class Runner {
  readonly #ports: RunnerPorts;
  readonly #limits: Limits;
  readonly #runs = new Set<Run>();
  readonly #flights = new Map<Key, Flight>();
  readonly #used: Record<Lane, number> = { quick: 0, stop: 0, fetch: 0, hook: 0, record: 0 };
  #waiting: readonly (() => void)[] = [];

  constructor(ports: RunnerPorts, limits: Limits = defaultLimits) {
    this.#ports = ports;
    this.#limits = limits;
  }

  /**
   * Starts a plan and returns at once.
   *
   * @throws Error when a key of it is still busy: the planner was told which are
   */
  start(plan: Plan): void {
    if (plan.steps.length === 0) return;
    const clash = plan.steps.find(step => this.#flights.has(step.key));
    if (clash !== undefined) throw new Error(`Cannot start a plan: ${clash.key} has unfinished steps of another`);
    const run = newRun(plan);
    for (const step of plan.steps) this.#enlist(step, run, plan);
    this.#runs.add(run);
    this.#advance();
  }

  /** Keys with steps that have not ended, or whose ending is still being noted. */
  busy(): ReadonlySet<Key> {
    return new Set(this.#flights.keys());
  }

  /** Skips what another wish makes pointless (see {@link overtakenSteps}), and with it what waits on that. */
  cancel(key: Key, because: string): void {
    const run = this.#flights.get(key)?.run;
    if (run === undefined) return;
    for (const id of overtakenSteps(run, key)) this.#giveUp(run.get(id), because);
    this.#advance();
  }

  /** Cancels all keys: nothing new begins but what ends an outage that has begun. */
  stop(because: string): void {
    for (const key of this.busy()) this.cancel(key, because);
  }

  /** Gives up on everything at once, effects that run included. What they leave behind the next run mends. */
  abort(because: string): void {
    for (const entry of [...this.#runs].flatMap(run => [...run.values()])) this.#giveUp(entry, because);
  }

  /** Resolves when no key is busy. */
  idle(): Promise<void> {
    if (this.#flights.size === 0) return Promise.resolve();
    return new Promise(resolve => {
      this.#waiting = [...this.#waiting, resolve];
    });
  }

  #enlist(step: Step, run: Run, plan: Plan): void {
    const flight = this.#flights.get(step.key);
    if (flight !== undefined) flight.left += 1;
    else this.#flights.set(step.key, newFlight(step.key, run, plan));
  }

  #giveUp(entry: Entry | undefined, because: string): void {
    if (entry?.state === 'pending') this.#end(entry, { outcome: 'skipped', step: entry.step, because });
    if (entry?.state !== 'running') return;
    entry.overtaken = because;
    entry.abort.abort();
  }

  /**
   * Starts and skips all that can be, first of the key that has just got further: one pod that runs is worth more than
   * four that are begun. Ids point backwards, so one sweep in rising order sees its own effects.
   */
  #advance(furthered?: Key): void {
    const own = furthered && this.#flights.get(furthered)?.run;
    if (own !== undefined) this.#sweep(own, ({ key }) => key === furthered);
    for (const run of this.#runs) this.#sweep(run, () => true);
  }

  #sweep(run: Run, isMeant: (step: Step) => boolean): void {
    for (const entry of run.values()) if (entry.state === 'pending' && isMeant(entry.step)) this.#judge(entry, run);
  }

  #judge(entry: Entry, run: Run): void {
    const { step } = entry;
    const found = verdict(step, id => entryOf(run, id).state);
    if (found.to === 'run' && this.#used[laneOf(step)] < this.#limits[laneOf(step)]) this.#launch(entry);
    if (found.to !== 'skip') return;
    const cause = entryOf(run, found.cause);
    entry.root = cause.root;
    entry.harmless ||= cause.harmless && cause.state === 'skipped';
    this.#end(entry, { outcome: 'skipped', step, because: whySkipped(step, cause) });
  }

  #launch(entry: Entry): void {
    entry.state = 'running';
    this.#used[laneOf(entry.step)] += 1;
    this.#ports.emit({ type: 'stepStarted', atMs: this.#ports.clock.now(), step: entry.step });
    void this.#perform(entry);
  }

  async #perform(entry: Entry): Promise<void> {
    const { step, abort } = entry;
    const { clock, emit } = this.#ports;
    const startedMs = clock.now();
    const failure = await perform(step.action, this.#ports, {
      signal: abort.signal,
      onProgress: progress => emit({ type: 'progress', atMs: clock.now(), step, progress }),
    });
    this.#used[laneOf(step)] -= 1;
    this.#end(entry, resultOf(entry, failure, clock.now() - startedMs));
    this.#advance(step.key);
  }

  #end(entry: Entry, result: StepResult): void {
    const { step } = entry;
    entry.state = result.outcome;
    if (result.outcome === 'failed' && traits[step.action.verb].shared) entry.root = result.failure;
    this.#ports.emit({ type: 'stepEnded', atMs: this.#ports.clock.now(), result });
    const flight = this.#flights.get(step.key);
    if (flight === undefined) throw new Error(`Step ${step.id} of ${step.key} ended twice`);
    note(flight, result, entry);
    flight.left -= 1;
    if (flight.left === 0) void this.#settle(step.key, flight);
  }

  async #settle(key: Key, { run, change, failure, skipped }: Flight): Promise<void> {
    const { ended, emit, clock } = this.#ports;
    if ([...run.values()].every(entry => hasEnded(entry.state))) this.#runs.delete(run);
    await ended(key, endingOf(failure, skipped));
    this.#flights.delete(key);
    const more = failure === undefined && skipped !== undefined ? { skipped } : {};
    emit({ type: 'settled', atMs: clock.now(), key, change, failure, ...more });
    if (this.#flights.size > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function newRun(plan: Plan): Run {
  const inOrder = plan.steps.toSorted((a, b) => a.id - b.id);
  return new Map(inOrder.map(step => [step.id, newEntry(step)]));
}

function newEntry(step: Step): Entry {
  return {
    step,
    state: 'pending',
    abort: new AbortController(),
    overtaken: undefined,
    root: undefined,
    harmless: step.when === 'failed',
  };
}

function newFlight(key: Key, run: Run, plan: Plan): Flight {
  const change = plan.changes.find(change => change.key === key) ?? nameless(key, plan);
  return { run, change, left: 1, failure: undefined, skipped: undefined };
}

/** For steps that belong to no object's change, such as a pull that several pods wait for. */
function nameless(key: Key, { steps }: Plan): Change {
  const verbs = new Set(steps.filter(step => step.key === key).map(step => step.action.verb));
  const rest = { cost: '', fields: [], location: undefined, untilMs: undefined };
  return { op: 'update', key, why: [...verbs].join(', '), ...rest };
}

function entryOf(run: Run, id: number): Entry {
  const entry = run.get(id);
  if (entry === undefined) throw new Error(`A step waits on step ${id}, which its plan does not have`);
  return entry;
}

function laneOf({ action }: Step): Lane {
  return isHooked(action) ? 'hook' : traits[action.verb].lane;
}

function isHooked(action: Action): boolean {
  if (action.verb === 'startPod') return action.hooked !== undefined;
  if (action.verb !== 'startContainer' || action.resumes === true) return false;
  return action.container.hooks?.postStart !== undefined;
}

function whySkipped(step: Step, { step: cause, state }: Entry): string {
  const name = `step ${cause.id} (${cause.action.verb} of ${cause.key})`;
  if (step.when === 'failed') return `no need: ${name} was ${state}`;
  return state === 'failed' ? `${name} failed` : `${name} was skipped`;
}

function resultOf({ step, overtaken }: Entry, failure: Failure | undefined, tookMs: number): StepResult {
  if (failure === undefined) return { outcome: 'done', step, tookMs };
  if (overtaken !== undefined) return { outcome: 'skipped', step, because: overtaken };
  return { outcome: 'failed', step, tookMs, failure };
}

function note(flight: Flight, result: StepResult, { root, harmless }: Entry): void {
  if (result.outcome === 'failed') flight.failure ??= result.failure;
  if (result.outcome !== 'skipped' || harmless) return;
  flight.failure ??= root;
  flight.skipped ??= result.because;
}

function endingOf(failure: Failure | undefined, skipped: string | undefined): Ending {
  if (failure !== undefined) return { outcome: 'failed', failure };
  return skipped === undefined ? { outcome: 'done' } : { outcome: 'skipped', because: skipped };
}
