import { failureOf, isFailure } from '../apply/failure.ts';
import { Runner } from '../apply/runner.ts';
import type { Event } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';
import { type Source, SourceError } from '../source/source.ts';
import { Attempts } from './attempts.ts';
import { backoffMs, jittered } from './backoff.ts';
import { type GuardState, newGuard } from './guard.ts';
import { type Outcome, type PassOptions, pass } from './pass.ts';
import type { Ports } from './ports.ts';
import { pump } from './pump.ts';
import { Wake } from './wake.ts';

/** How passes follow one another. Durations in milliseconds. */
export interface DriveOptions {
  readonly prune: PassOptions['prune'];
  readonly allowEmpty: boolean;
  /** A pass at least so often, jittered by a tenth. */
  readonly resyncMs: number;
  /** Additions and changes act after so long without a further hint. */
  readonly quietMs: number;
  /** How long running effects may take to end once the signal aborted; what goes on then is given up. */
  readonly graceMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

export interface Judges {
  /** The source is watched too; `apply` looks at it only when there is another reason to. */
  readonly watchSource: boolean;
  /** Try at once, in the first pass, what failed before. */
  readonly retryFirst: boolean;
  /** One pass only: the drive ends when its steps have. */
  readonly once: boolean;
  /** Asked after each pass; true ends the drive. */
  readonly isDone: (outcome: Outcome, isBusy: boolean) => boolean;
  /** Asked after each failing pass: true makes the drive reject with its error. */
  readonly isFatal: (failures: number) => boolean;
}

/** Longest wait for quiet after a hint. */
const quietMaxMs = 200;
/** Least distance of two passes that only time asks for. */
const leastMs = 100;
const failing = { firstMs: 500, maxMs: 30_000 };
/** While steps run, the engine's events are mostly our own doing: a pass takes at most a tenth of the time. */
const pace = { leastMs: 1000, mostMs: 15_000, timesPass: 10 };

/**
 * Passes, one at a time, whenever something hints at a change, something is due, or nothing was heard for long.
 * Leaves by the signal or when the judges say so, and then waits for running effects to end.
 */
export async function drive(ports: Ports, opts: DriveOptions, judges: Judges): Promise<void> {
  const { clock, random, source, engine, probes } = ports;
  const leave = new AbortController();
  const { signal } = leave;
  const abort = (): void => leave.abort();
  opts.signal.addEventListener('abort', abort);
  if (opts.signal.aborted) abort();

  const wake = new Wake(clock, signal);
  const attempts = new Attempts(ports);
  const emit = (event: Event): void => {
    ports.emit(event);
    if (event.type !== 'settled') return;
    const isUrgent = event.skipped !== undefined || runner.busy().size === 0;
    wake.hint(isUrgent ? 'now' : 'soon');
  };
  const runner = new Runner({ ...ports, emit, ended: (key, ending) => attempts.ended(key, ending) });

  const stream = { clock, random, signal };
  let broken: Promise<unknown> | undefined;
  const listen = (): void => {
    if (broken !== undefined) return;
    const pumps = [pump(o => engine.wakes(o), { ...stream, onHint: () => wake.hint('soon') })];
    if (judges.watchSource) pumps.push(pump(o => source.wakes(o), { ...stream, onHint: () => wake.hint('now') }));
    if (probes !== undefined)
      pumps.push(pump(o => probes.wakes(o), { ...stream, onHint: () => wake.hint('now'), keepsHints: true }));
    broken = Promise.all(pumps);
    broken.catch(abort);
  };
  // A command is mostly over after one pass; what that missed, the beginning of each stream asks for.
  if (judges.watchSource) listen();

  try {
    await turns({ ...ports, emit }, { ...opts, signal }, judges, { runner, attempts, wake, listen });
  } finally {
    abort();
    opts.signal.removeEventListener('abort', abort);
    await finish(ports, runner, broken ?? Promise.resolve(), opts.graceMs);
  }
  await broken;
}

interface Works {
  readonly runner: Runner;
  readonly attempts: Attempts;
  readonly wake: Wake;
  /** Follows what hints at changes from now on. */
  readonly listen: () => void;
}

async function turns(ports: Ports, opts: DriveOptions, judges: Judges, works: Works): Promise<void> {
  const { clock, random, emit } = ports;
  const { runner, wake, listen } = works;
  let guard = newGuard(await ports.memory.load());
  let failures = 0;
  let wasIdle = false;

  for (let isFirst = true; !opts.signal.aborted; isFirst = false) {
    const startedMs = clock.now();
    // What ends while a pass looks still counts as under way in its plan.
    const wasBusy = runner.busy().size > 0;
    const { outcome, error } = await turn(ports, opts, works, { guard, judges, isFirst });
    if (opts.signal.aborted) return;
    const now = clock.now();
    if (outcome === undefined || error !== undefined) {
      failures += 1;
      if (!isFailure(error) || judges.isFatal(failures)) throw error;
      listen();
      const retryAtMs = now + backoffMs(failing, failures, random());
      emit({ type: 'passFailed', atMs: now, failure: failureOf(error), retryAtMs });
      const floor = now + failing.firstMs;
      await wake.next({
        deadlineMs: Math.max(Math.min(retryAtMs, outcome?.nextMs ?? retryAtMs), now + leastMs),
        floorMs: { now: floor, soon: floor },
        quietMs: opts.quietMs,
        quietMaxMs,
      });
      continue;
    }
    failures = 0;
    await keep(ports, guard, outcome.guard);
    guard = outcome.guard;
    const isBusy = runner.busy().size > 0;
    if (judges.isDone(outcome, isBusy)) return;
    if (judges.once) return Promise.race([runner.idle(), aborted(opts.signal)]);
    listen();
    const isIdle = !wasBusy && !isBusy && outcome.plan.steps.length === 0;
    if (isIdle && !wasIdle) emit({ type: 'idle', atMs: clock.now() });
    wasIdle = isIdle;
    const gapMs = isBusy ? clamp((now - startedMs) * pace.timesPass, pace.leastMs, pace.mostMs) : 0;
    const resyncAtMs = now + Math.max(jittered(opts.resyncMs, 0.1, random()), gapMs);
    const dueMs = Math.max(Math.min(outcome.nextMs ?? resyncAtMs, resyncAtMs), now + leastMs);
    await wake.next({ deadlineMs: dueMs, floorMs: { now: 0, soon: now + gapMs }, quietMs: opts.quietMs, quietMaxMs });
  }
}

/** Both, where the source cannot be read and what runs was looked after all the same. */
interface Turn {
  readonly outcome?: Outcome;
  readonly error?: unknown;
}

interface TurnOptions {
  readonly guard: GuardState;
  readonly judges: Judges;
  readonly isFirst: boolean;
}

async function turn(
  ports: Ports,
  { prune, allowEmpty, signal }: DriveOptions,
  { runner, attempts, wake }: Works,
  { guard, judges, isFirst }: TurnOptions,
): Promise<Turn> {
  wake.clear();
  let unread: SourceError | undefined;
  const blinded = (error: SourceError): void => {
    unread = error;
  };
  const source = judges.watchSource ? sourceOrBlind(ports.source, blinded) : ports.source;
  const retryNow = judges.retryFirst && isFirst;
  const crew = { runner, attempts };
  try {
    const outcome = await pass({ ...ports, source }, { prune, allowEmpty, retryNow, guard, signal, crew });
    return { outcome, error: unread };
  } catch (error) {
    return { error: unread ?? error };
  }
}

/** The source; while its root cannot be read, nothing is known of it, so what runs is kept running and nothing goes. */
function sourceOrBlind(source: Source, blinded: (error: SourceError) => void): Source {
  const read: Source['read'] = async opts => {
    try {
      return await source.read(opts);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      blinded(error);
      const place = { file: source.name, line: 1, column: 1 };
      const problem: Problem = { code: 'FILE_UNREADABLE', severity: 'error', message: error.message, ...place };
      return { revision: '', files: [], contexts: new Map(), problems: [problem], identity: '', busy: false };
    }
  };
  return { name: source.name, read, wakes: opts => source.wakes(opts) };
}

/** Saves what the guard must remember, where that changed. A full disk must not stop repairs: the next pass tries again. */
async function keep({ memory }: Ports, before: GuardState, after: GuardState): Promise<void> {
  if (before.identity === after.identity && before.ownedBefore === after.ownedBefore) return;
  const { identity, ownedBefore } = after;
  try {
    await memory.save({ identity, ownedBefore });
  } catch (error) {
    if (!isFailure(error)) throw error;
  }
}

/** Lets what runs end within the grace period, then gives it up. */
async function finish(ports: Ports, runner: Runner, pumps: Promise<unknown>, graceMs: number): Promise<void> {
  const late = new AbortController();
  runner.stop('podstead is stopping');
  void Promise.allSettled([runner.idle(), pumps]).then(() => late.abort());
  await ports.clock.sleep(graceMs, late.signal);
  // Of what has ended there is nothing to give up.
  runner.abort('podstead stopped before it ended');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    signal.addEventListener('abort', () => resolve());
  });
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
