import assert from 'node:assert/strict';
import type { Clock } from '../../src/clock.ts';
import type { Engine, EngineAction } from '../../src/engine/engine.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { RecordPatch } from '../../src/model/plan.ts';
import { makePlan } from '../../src/plan/plan.ts';
import type { SavedGuard } from '../../src/reconcile/guard.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { type Settled, type SettleOptions, settle } from '../../src/reconcile/settle.ts';
import type { Records } from '../../src/record/records.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeEngine } from '../fakes/engine.ts';
import { FakeRecords } from '../fakes/records.ts';
import { FakeSource } from '../fakes/source.ts';
import { fingerprint } from '../reconcile/host.ts';
import { doHalf } from './half.ts';

/** What outlives a process: the engine with all it holds, and the disk. */
export interface Machine {
  readonly clock: FakeClock;
  readonly engine: FakeEngine;
  readonly records: FakeRecords;
  readonly guard: SavedGuard[];
  /** Every event of the engine, in order. */
  readonly events: string[];
  /** Fewest pods of the Deployment that served at any event so far. */
  fewest: number;
  uids: number;
}

/** A machine whose engine can pull what the scenarios ask for. */
export function newMachine(): Machine {
  const clock = new FakeClock();
  const events: string[] = [];
  const engine = new FakeEngine({
    clock,
    events: hint => {
      events.push(hint);
      const mains = [...engine.host.containers.values()].filter(({ name }) => /^web-.-.-main$/.test(name));
      machine.fewest = Math.min(machine.fewest, mains.filter(({ state }) => state === 'running').length);
      return [hint];
    },
  });
  for (const image of ['web', 'next']) engine.host.registry.add(image);
  const machine: Machine = { clock, engine, records: new FakeRecords(), guard: [], events, fewest: 0, uids: 0 };
  return machine;
}

/**
 * Where it happens: `before` the effect number `at` (counting from 1), when it is `half` done, or `after` it was done
 * and before its answer is heard. What happens: the process dies, or the engine's service does, for 5 s.
 */
export interface Cut {
  readonly at: number;
  readonly when: 'before' | 'half' | 'after';
  readonly who: 'process' | 'engine';
}

/** What became of a process. */
export interface Ended {
  readonly settled: Settled | undefined;
  readonly effects: number;
}

type Options = Pick<SettleOptions, 'prune' | 'allowEmpty'>;

/** Runs a fresh process on a machine until it has settled, or is cut off. */
export async function runProcess(machine: Machine, desired: Desired, opts: Options, cut?: Cut): Promise<Ended> {
  const { clock } = machine;
  let effects = 0;
  let isDead = false;
  const never = new Promise<never>(() => undefined);
  const effect = async (does: () => Promise<void>, half: () => Promise<void>): Promise<void> => {
    if (isDead) return never;
    effects += 1;
    const isCut = effects === cut?.at;
    if (!isCut) return does();
    if (cut.who === 'engine') {
      if (cut.when !== 'before') await (cut.when === 'half' ? half : does)();
      machine.engine.vanish();
      void clock.sleep(5000, new AbortController().signal).then(() => {
        machine.engine.down = false;
      });
      return does();
    }
    isDead = true;
    if (cut.when !== 'before') await (cut.when === 'half' ? half : does)();
    return never;
  };
  // A dead process neither hears its timers nor writes.
  const mortal: Clock = {
    now: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal).then(() => (isDead ? never : undefined)),
  };
  let settled: Settled | undefined;
  let failure: unknown;
  const ports = portsOf(machine, desired, mortal, effect);
  const leave = new AbortController();
  settle(ports, { timeoutMs: 300_000, signal: leave.signal, ...opts }).then(
    result => {
      settled = result;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  for (let ms = 0; ms < 320_000 && settled === undefined && failure === undefined && !isDead; ms += 250)
    await clock.advance(250);
  if (isDead) {
    // What the engine had begun goes on without its client.
    await clock.advance(40_000);
    machine.engine.stream.end();
    leave.abort();
    await clock.advance(0);
    return { settled: undefined, effects };
  }
  if (failure !== undefined && cut?.who !== 'engine') throw failure;
  assert.ok(settled ?? failure, 'it settles');
  return { settled, effects };
}

type Effect = (does: () => Promise<void>, half: () => Promise<void>) => Promise<void>;

function portsOf(machine: Machine, desired: Desired, clock: Clock, effect: Effect): Ports {
  const { engine, records, guard } = machine;
  const mortalEngine: Engine = {
    name: engine.name,
    owner: engine.owner,
    keepsLimits: engine.keepsLimits,
    observe: opts => engine.observe(opts),
    inspect: (id, opts) => engine.inspect(id, opts),
    endOf: (id, opts) => engine.endOf(id, opts),
    wakes: opts => engine.wakes(opts),
    perform: (action: EngineAction, opts) =>
      effect(
        () => engine.perform(action, opts),
        () => doHalf(engine, action),
      ),
  };
  const nothing = async (): Promise<void> => undefined;
  const mortalRecords: Records = {
    load: () => records.load(),
    write: (pod, patch: RecordPatch) => effect(() => records.write(pod, patch), nothing),
    fail: (pod, declaredBy, failure) => effect(() => records.fail(pod, declaredBy, failure), nothing),
    remove: pod => effect(() => records.remove(pod), nothing),
  };
  return {
    source: new FakeSource(),
    engine: mortalEngine,
    records: mortalRecords,
    clock,
    emit: () => undefined,
    random: () => 0.5,
    load: () => ({ desired, problems: [] }),
    plan: (wanted, actual, opts) =>
      makePlan(wanted, actual, { ...opts, fingerprint, keepStanding: true, keepsLimits: engine.keepsLimits }),
    fingerprint,
    uid: () => {
      machine.uids += 1;
      return `uid${machine.uids}`;
    },
    memory: {
      load: async () => guard.at(-1),
      save: saved => effect(async () => void guard.push(saved), nothing),
    },
  };
}
