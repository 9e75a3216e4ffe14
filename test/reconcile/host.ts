import assert from 'node:assert/strict';
import type { Actual } from '../../src/model/actual.ts';
import type { Desired, DesiredPod } from '../../src/model/desired.ts';
import type { Event } from '../../src/model/event.ts';
import type { Key } from '../../src/model/key.ts';
import type { Change, Plan, Step } from '../../src/model/plan.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { SavedGuard } from '../../src/reconcile/guard.ts';
import type { PlanOptions, Ports } from '../../src/reconcile/ports.ts';
import { type Settled, type SettleOptions, settle } from '../../src/reconcile/settle.ts';
import { FakeClock } from '../fakes/clock.ts';
import { desiredOf, desiredPod } from '../fakes/desired.ts';
import { FakeEngine, type FakeEngineOptions } from '../fakes/engine.ts';
import { change, planOf } from '../fakes/plans.ts';
import { FakeRecords } from '../fakes/records.ts';
import { FakeSource } from '../fakes/source.ts';

/** A whole pretended host: a source that says `desired`, an engine, and a planner of few words. */
export interface TestHost {
  readonly ports: Ports;
  readonly clock: FakeClock;
  readonly engine: FakeEngine;
  readonly source: FakeSource;
  readonly records: FakeRecords;
  readonly events: Event[];
  readonly saved: SavedGuard[];
  /** What the planner was told, pass by pass. */
  readonly asked: PlanOptions[];
  /** What the source says; `declare` also hints at it. */
  desired: Desired;
  problems: readonly Problem[];
  readonly declare: (...pods: readonly DesiredPod[]) => void;
}

export function testHost(names: readonly string[] = [], engineOpts: Omit<FakeEngineOptions, 'clock'> = {}): TestHost {
  const clock = new FakeClock();
  const engine = new FakeEngine({ ...engineOpts, clock });
  const source = new FakeSource();
  const records = new FakeRecords();
  const events: Event[] = [];
  const saved: SavedGuard[] = [];
  const asked: PlanOptions[] = [];
  engine.host.registry.add('web');
  const ports: Ports = {
    source,
    engine,
    records,
    clock,
    emit: event => {
      events.push(event);
    },
    random: () => 0.5,
    load: () => ({ desired: host.desired, problems: host.problems }),
    plan: (desired, actual, opts) => {
      asked.push(opts);
      return plainPlan(desired, actual, opts);
    },
    fingerprint,
    uid: key => `uid-${key.split('/')[2]}-${asked.length}`,
    memory: {
      load: async () => saved.at(-1),
      save: async state => {
        saved.push(state);
      },
    },
  };
  const host: TestHost = {
    ports,
    clock,
    engine,
    source,
    records,
    events,
    saved,
    asked,
    desired: desiredOf(names.map(name => desiredPod(name))),
    problems: [],
    declare: (...pods) => {
      host.desired = desiredOf(pods);
      source.change({});
    },
  };
  return host;
}

/** Settles while time moves on by itself, at most a minute. */
export async function settleOn({ ports, clock }: TestHost, more: Partial<SettleOptions> = {}): Promise<Settled> {
  const done = settle(ports, { timeoutMs: 60_000, signal: new AbortController().signal, ...more });
  let isDone = false;
  const mark = (): void => {
    isDone = true;
  };
  done.then(mark, mark);
  for (let ms = 0; ms < 70_000 && !isDone; ms += 100) await clock.advance(100);
  assert.ok(isDone, 'settle() did not end within a minute');
  assert.equal(clock.sleeping, 0, 'a timer was left behind');
  return done;
}

/** How many passes there were, the failing ones not counted. */
export function passes({ events }: TestHost): number {
  return events.filter(event => event.type === 'planned').length;
}

export function fingerprint(pod: DesiredPod): string {
  return [pod.sandbox.digest, ...pod.containers.map(({ digest }) => digest)].join();
}

/** Creates what is missing, restarts what ended, removes what may be pruned, and backs off 10 s from failures. */
function plainPlan(desired: Desired, actual: Actual, opts: PlanOptions): Plan {
  const keys = [...new Set([...desired.pods.keys(), ...actual.pods.keys()])].toSorted();
  const steps: Step[] = [];
  const changes = keys.map(key => planKey(key, { desired, actual, opts, steps }));
  const due = changes.flatMap(({ untilMs }) => untilMs ?? []);
  return { ...planOf(steps, changes), nextMs: due.length === 0 ? undefined : Math.min(...due) };
}

interface Planning {
  readonly desired: Desired;
  readonly actual: Actual;
  readonly opts: PlanOptions;
  readonly steps: Step[];
}

function planKey(key: Key, { desired, actual, opts, steps }: Planning): Change {
  const chain = (...actions: readonly Step['action'][]): void => {
    for (const [at, action] of actions.entries()) {
      const id = steps.length + 1;
      steps.push({ id, key, action, after: at === 0 ? [] : [id - 1], when: 'done' });
    }
  };
  const pod = desired.pods.get(key);
  const have = actual.pods.get(key);
  const failure = opts.records.get(key)?.failure;
  if (opts.busy.has(key)) return change('wait', key);
  if (pod === undefined) {
    if (have === undefined) return change('keep', key);
    if (opts.prune === 'none' || (opts.prune !== 'all' && !opts.prune.has(have.declaredBy))) return change('keep', key);
    const { id, uid } = have;
    chain({ verb: 'removePod', pod: key, id, uid, graceSeconds: 30 }, { verb: 'removeRecord', pod: key });
    return change('remove', key);
  }
  const isDone = have !== undefined && [...have.containers.values()].every(({ state }) => state === 'running');
  if (isDone && have.containers.size > 0) return change('keep', key);
  if (failure !== undefined && failure.fingerprint === fingerprint(pod) && !opts.retryNow) {
    const untilMs = failure.atMs + 10_000 * failure.count;
    if (untilMs > opts.now) return change('wait', key, untilMs);
  }
  const uid = have?.uid ?? opts.uid(key);
  for (const container of pod.containers) {
    const image = { reference: container.image, build: undefined, credentials: undefined };
    chain(
      { verb: 'pull', image, always: false },
      { verb: 'createPod', pod, uid },
      { verb: 'createContainer', pod, uid, container },
      { verb: 'startContainer', pod, uid, container },
      { verb: 'writeRecord', pod: key, patch: { applied: pod, uid, revision: desired.revision } },
    );
  }
  return change(have === undefined ? 'create' : 'restart', key);
}
