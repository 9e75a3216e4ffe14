import type { Runner } from '../apply/runner.ts';
import type { Signalled } from '../engine/engine.ts';
import type { Actual } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { Notice } from '../model/event.ts';
import type { Key } from '../model/key.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { PodRecord } from '../model/record.ts';
import type { Snapshot } from '../model/source.ts';
import type { Attempts } from './attempts.ts';
import { noteEnds } from './ends.ts';
import { type GuardState, type GuardVerdict, guard } from './guard.ts';
import { compareImages } from './older.ts';
import { pinPulls } from './pins.ts';
import type { Ports, Prunable } from './ports.ts';
import { remember } from './remember.ts';
import { noteWaits } from './waits.ts';

/** Runs the steps; left out of a pass that only looks. */
export interface Crew {
  readonly runner: Runner;
  readonly attempts: Attempts;
}

export interface PassOptions extends Signalled {
  /** `guarded` as promise 6 of the design says; `all` for `down`, whose source is empty on purpose. */
  readonly prune: 'none' | 'guarded' | 'all';
  /** The user confirmed that the source may be empty, moved or halved. */
  readonly allowEmpty: boolean;
  /** A person asked: failures are tried again at once. */
  readonly retryNow: boolean;
  readonly guard: GuardState;
  /** Without one the pass is a dry run: it decides, emits nothing and starts nothing. */
  readonly crew?: Crew;
}

/** What one pass decided. */
export interface Outcome {
  readonly plan: Plan;
  readonly desired: Desired;
  readonly actual: Actual;
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
  readonly guard: GuardState;
  /** When to look again at the latest, in milliseconds since the epoch. */
  readonly nextMs: number | undefined;
  /** Keys left alone after a failure, to when they are tried again. */
  readonly resting: ReadonlyMap<Key, number>;
  /** When the guard wants another listing: something waits to be removed. */
  readonly pruneAtMs: number | undefined;
}

/**
 * One pass: read all of it, decide once, hand the steps on, report.
 *
 * Level-triggered: what woke us does not matter, so a pass may run at any time, any number of times. It does not wait
 * for its steps; those still under way from earlier passes are left alone, or cancelled where the wish has changed.
 *
 * @throws SourceError EngineError when the world cannot be read; then nothing was decided
 */
export async function pass(ports: Ports, opts: PassOptions): Promise<Outcome> {
  const { source, engine, clock, emit } = ports;
  const { crew, signal } = opts;
  // Taken before looking: what ends while we look may be missing from what we see.
  const underWay = crew?.runner.busy() ?? new Set<Key>();

  // The engine's answer takes as long as the reading and parsing do: both at once.
  const looking = Promise.all([engine.observe({ signal }), ports.records.load()]);
  looking.catch(() => undefined);
  const snapshot = await source.read({ signal });
  const loaded = await ports.load(snapshot);
  const problems = [...snapshot.problems.filter(problem => !loaded.problems.includes(problem)), ...loaded.problems];
  const desired = { ...loaded.desired, complete: loaded.desired.complete && !problems.some(isError) };

  const [observed, records] = await looking;
  const remembered = await remember(observed, desired, records, engine, { signal });
  const actual = ports.probes?.join(remembered) ?? remembered;

  const { verdict, prune } = decidePruning(ports, opts, { snapshot, desired, actual, records });
  const { owner } = engine;
  const { retryNow } = opts;
  const resting = crew?.attempts.resting(desired) ?? new Map<Key, number>();
  const busy = new Set([...underWay, ...resting.keys()]);
  const more = { owner, records, busy, prune, retryNow, uid: ports.uid, source: source.name };
  const decided = ports.plan(desired, actual, { now: clock.now(), ...more });
  const pulls = await pinPulls(decided, ports.pins, actual, { signal });
  const { plan } = pulls;

  const compared = compareImages(desired, actual, (await ports.images?.load()) ?? new Map());
  const notices = [...verdict.notices, ...foreignNotices(actual), ...compared.notices, ...pulls.notices];
  if (crew !== undefined) {
    signal.throwIfAborted();
    for (const [key, because] of crew.attempts.overtaken(desired, prune)) crew.runner.cancel(key, because);
    emit({ type: 'planned', atMs: clock.now(), plan, problems, notices });
    await noteEnds(ports, actual, busy, { signal });
    // A full disk costs the memory of it, and no pass.
    if (compared.seen !== undefined) await ports.images?.save(compared.seen).catch(() => undefined);
    const decision = { plan, desired, actual, records };
    await noteWaits(ports.records, decision);
    crew.attempts.begin(decision);
    crew.runner.start(plan);
    ports.probes?.follow(desired, actual, new Set([...underWay, ...crew.runner.busy()]));
    await crew.attempts.forgive(decision);
  }
  const nextMs = earliest([plan.nextMs, verdict.nextMs, ...resting.values()]);
  const state = { guard: verdict.state, resting, nextMs, pruneAtMs: verdict.nextMs };
  return { plan, desired, actual, problems, notices, ...state };
}

interface Seen {
  readonly snapshot: Snapshot;
  readonly desired: Desired;
  readonly actual: Actual;
  readonly records: ReadonlyMap<Key, PodRecord>;
}

function decidePruning(
  ports: Ports,
  opts: PassOptions,
  { snapshot, desired, actual, records }: Seen,
): { readonly verdict: GuardVerdict; readonly prune: Prunable } {
  const view = {
    now: ports.clock.now(),
    declared: desired.declared,
    complete: desired.complete,
    busy: snapshot.busy,
    identity: snapshot.identity,
    empty: desired.declared.size === 0,
    ownedDeclaredBy: new Set([...actual.pods.values(), ...records.values()].map(pod => pod.declaredBy)),
  };
  const verdict = guard(opts.guard, view, { enabled: opts.prune === 'guarded', allowEmpty: opts.allowEmpty });
  return { verdict, prune: opts.prune === 'all' ? 'all' : verdict.prune };
}

/** Told while nothing stands still for it: such a pod can be neither recreated nor removed. */
function foreignNotices({ pods }: Actual): readonly Notice[] {
  return [...pods.values()].flatMap(({ key, engineName, foreign }) => {
    if (foreign.length === 0) return [];
    const names = foreign.map(name => `'${name}'`).join(', ');
    const message = `Pod '${engineName}' holds ${names}, which is not ours: ${key} can be neither recreated nor removed`;
    return [{ code: 'FOREIGN_CONTAINER', message, hint: `Remove it: podman rm -f ${foreign.join(' ')}` }];
  });
}

function isError({ severity }: Problem): boolean {
  return severity === 'error';
}

/** The earliest of moments that may never come. */
export function earliest(moments: readonly (number | undefined)[]): number | undefined {
  const known = moments.filter(moment => moment !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
