import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Runner } from '../../src/apply/runner.ts';
import { EngineError } from '../../src/engine/engine.ts';
import type { Key } from '../../src/model/key.ts';
import type { Plan } from '../../src/model/plan.ts';
import { Attempts } from '../../src/reconcile/attempts.ts';
import { backoffMs } from '../../src/reconcile/backoff.ts';
import { absenceMs, type GuardState, type GuardView, guard, newGuard } from '../../src/reconcile/guard.ts';
import { reconcileLoop } from '../../src/reconcile/loop.ts';
import { earliest, pass } from '../../src/reconcile/pass.ts';
import type { PlanOptions } from '../../src/reconcile/ports.ts';
import { settle } from '../../src/reconcile/settle.ts';
import { Wake } from '../../src/reconcile/wake.ts';
import { SourceError } from '../../src/source/source.ts';
import { FakeClock } from '../fakes/clock.ts';
import { desiredOf, desiredPod } from '../fakes/desired.ts';
import { change, planOf } from '../fakes/plans.ts';
import { settleOn, type TestHost, testHost } from './host.ts';

const signal = new AbortController().signal;
const web: Key = 'Pod/default/web';

/** A host whose planner says what `say` does. */
function planned(say: (opts: PlanOptions) => Plan): TestHost {
  const host = testHost(['web']);
  return { ...host, ports: { ...host.ports, plan: (_desired, _actual, opts) => say(opts) } };
}

for (const [dueMs, tookMs] of [
  [5000, 5000],
  [5001, 0],
] as const) {
  test(`settle() ${tookMs > 0 ? 'waits' : 'does not wait'} for what is due in ${dueMs} ms`, async () => {
    const clock = { beganMs: 0 };
    const host = planned(({ now }) => {
      const untilMs = clock.beganMs + dueMs;
      const rest = [change('keep', web), change('hold', 'Pod/default/other')];
      const plan = planOf([], now >= untilMs ? rest : [change('wait', 'Pod/default/a', untilMs), ...rest]);
      return { ...plan, nextMs: now >= untilMs ? undefined : untilMs };
    });
    clock.beganMs = host.clock.now();
    const { timedOut } = await settleOn(host);
    assert.equal(timedOut, false);
    const passedMs = host.clock.now() - clock.beganMs;
    assert.ok(passedMs >= tookMs && passedMs < tookMs + 3000, `${passedMs} ms`);
  });
}

test('settle() waits for what an event will tell', async () => {
  let looks = 0;
  const host = planned(() => {
    looks += 1;
    return planOf([], [change(looks < 3 ? 'wait' : 'keep', web)]);
  });
  await settleOn(host);
  assert.equal(looks, 3);
});

test('settle() bears three failing passes in a row once one has worked, and not the fourth', async () => {
  const host = testHost(['web'], { fault: ({ verb }) => (verb === 'pull' ? 'hang' : undefined) });
  let error: unknown;
  void settle(host.ports, { timeoutMs: 600_000, signal, graceMs: 100 }).catch((thrown: unknown) => {
    error = thrown;
  });
  await host.clock.advance(100);
  host.engine.down = true;
  await host.clock.advance(300_000);
  assert.ok(error instanceof EngineError);
  assert.equal(host.events.filter(({ type }) => type === 'passFailed').length, 3);
  assert.equal(host.clock.sleeping, 0);
});

const all: readonly Key[] = ['Pod/default/a', 'Pod/default/b', 'Pod/default/c', 'Pod/default/d'];
const view: GuardView = {
  now: 1_000_000,
  declared: new Set<Key>(),
  complete: true,
  busy: false,
  identity: '12:7',
  empty: false,
  ownedDeclaredBy: new Set(all),
};

function guarded(state: GuardState, more: Partial<GuardView>) {
  return guard(state, { ...view, ...more }, { enabled: true, allowEmpty: false });
}

test('guard() names three that it holds, counts the rest, and says what to do', () => {
  const [some] = guarded(newGuard(), { ownedDeclaredBy: new Set(all.slice(0, 3)) }).notices;
  assert.equal(
    some?.message,
    'Not removing Pod/default/a, Pod/default/b, Pod/default/c: 3 of 3 objects, more than half, are gone from the source',
  );
  assert.equal(some?.hint, 'Put the objects back, or confirm with --allow-empty that they shall go');
  const [more] = guarded(newGuard(), {}).notices;
  assert.match(more?.message ?? '', /^Not removing Pod\/default\/a, Pod\/default\/b, Pod\/default\/c and 1 more: /);
  const [partial] = guarded(newGuard(), { complete: false }).notices;
  assert.equal(partial?.hint, 'Mend the errors; what is still missing then is removed');
  const [busy] = guarded(newGuard(), { busy: true }).notices;
  assert.equal(busy?.hint, 'Wait until git has finished; remove .git/index.lock if no git is running');
});

test('guard() holds the loss of both of two', () => {
  assert.equal(guarded(newGuard(), { ownedDeclaredBy: new Set(all.slice(0, 2)) }).prune, 'none');
});

test('guard() compares devices by their whole number', () => {
  const { state } = guarded(newGuard(), { declared: new Set(all) });
  const moved = guarded(state, { declared: new Set(all.slice(1)), identity: '13:7' });
  assert.match(moved.notices[0]?.message ?? '', /another device/);
});

test('guard() lists again when the first of several absences is old enough', () => {
  const one = guarded(newGuard(), { declared: new Set(all.slice(0, 3)) });
  const two = guarded(one.state, { declared: new Set(all.slice(0, 2)), now: view.now + 500 });
  assert.equal(two.nextMs, view.now + absenceMs);
});

test('guard() measures a new loss by what is left after those that were let go', () => {
  const one = guarded(newGuard(), { declared: new Set(all.slice(0, 3)) });
  const gone = guarded(one.state, { declared: new Set(all.slice(0, 3)), now: view.now + absenceMs });
  assert.deepEqual(gone.prune, new Set(['Pod/default/d']));
  const more = guarded(gone.state, { declared: new Set(all.slice(0, 1)), now: view.now + absenceMs });
  assert.match(more.notices[0]?.message ?? '', /2 of 3 objects/);
});

test('pass() tells of each container in a pod of ours that is not ours, and how to be rid of it', async () => {
  const host = testHost(['web', 'db']);
  await settleOn(host);
  const pod = host.engine.host.podByName('web');
  const own = host.engine.host.containerByName('web-main');
  assert.ok(pod && own);
  for (const name of ['debug', 'shell'])
    host.engine.host.addContainer({ ...own, id: name, name, ours: undefined, ports: [] });
  const opts = { prune: 'guarded', allowEmpty: false, retryNow: false, guard: newGuard(), signal } as const;
  const { notices } = await pass(host.ports, opts);
  assert.deepEqual(notices, [
    {
      code: 'FOREIGN_CONTAINER',
      message: `Pod 'web' holds 'debug', 'shell', which is not ours: ${web} can be neither recreated nor removed`,
      hint: 'Remove it: podman rm -f debug shell',
    },
  ]);
});

test('backoffMs() doubles up to the most, spread by a quarter to either side', () => {
  const backoff = { firstMs: 1000, maxMs: 5000 };
  assert.deepEqual(
    [1, 2, 3, 4, 50].map(failures => backoffMs(backoff, failures, 0.5)),
    [1000, 2000, 4000, 5000, 5000],
  );
  assert.deepEqual(
    [0, 1].map(random => backoffMs(backoff, 2, random)),
    [1500, 2500],
  );
});

test('earliest() of moments that may never come', () => {
  assert.equal(earliest([3, undefined, 1, 2]), 1);
  assert.equal(earliest([undefined]), undefined);
});

test('reconcileLoop() saves what the guard must remember when that changes, and not again', async () => {
  const host = testHost(['web']);
  const leave = new AbortController();
  const ended = reconcileLoop(host.ports, { signal: leave.signal });
  await host.clock.advance(200_000);
  assert.equal(host.saved.length, 1);
  host.source.change({ identity: '1:9' });
  await host.clock.advance(1000);
  assert.deepEqual(
    host.saved.map(({ identity }) => identity),
    ['1:2', '1:9'],
  );
  leave.abort();
  await host.clock.advance(20_000);
  await ended;
});

test('reconcileLoop() goes on where the disk is full, and stops at a bug of ours', async () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  for (const [thrown, isBorne] of [
    [full, true],
    [new TypeError('x is undefined'), false],
  ] as const) {
    const host = testHost(['web']);
    const save = async (): Promise<void> => {
      throw thrown;
    };
    const leave = new AbortController();
    let error: unknown;
    const ended = reconcileLoop(
      { ...host.ports, memory: { ...host.ports.memory, save } },
      { signal: leave.signal },
    ).catch((caught: unknown) => {
      error = caught;
    });
    await host.clock.advance(30_000);
    assert.equal(host.engine.host.containerByName('web-main')?.state === 'running', isBorne);
    leave.abort();
    await host.clock.advance(30_000);
    await ended;
    assert.equal(error, isBorne ? undefined : thrown);
  }
});

test('reconcileLoop() takes a root that is away for a source with an error: nothing is removed, and the problem says so', async () => {
  const host = testHost(['web', 'db']);
  const leave = new AbortController();
  const ended = reconcileLoop(host.ports, { signal: leave.signal });
  await host.clock.advance(5000);
  host.desired = desiredOf([desiredPod('web')]);
  host.source.fault = new SourceError('SOURCE_MISSING', 'Cannot read "/manifests": it is not there');
  host.events.length = 0;
  host.source.change({});
  await host.clock.advance(30_000);
  const seen = host.events.flatMap(event => (event.type === 'planned' ? [event.problems] : []));
  assert.ok(seen.length > 0);
  for (const problems of seen) {
    const where = { file: '/manifests', line: 1, column: 1 };
    const message = 'Cannot read "/manifests": it is not there';
    assert.deepEqual(problems, [{ code: 'FILE_UNREADABLE', severity: 'error', message, ...where }]);
  }
  assert.ok(host.engine.host.podByName('db'));
  leave.abort();
  await host.clock.advance(30_000);
  await ended;
});

test('Wake.next() waits no longer than 200 ms for quiet', async () => {
  const clock = new FakeClock();
  const wake = new Wake(clock, signal);
  const now = clock.now();
  let endedMs = 0;
  void wake.next({ deadlineMs: now + 10_000, floorMs: { now, soon: now }, quietMs: 20, quietMaxMs: 200 }).then(() => {
    endedMs = clock.now() - now;
  });
  for (let at = 0; at < 60; at += 1) {
    wake.hint('now');
    await clock.advance(10);
  }
  assert.equal(endedMs, 200);
});

test('pass() takes for busy what was so before it looked: what ended meanwhile may be missing from what it saw', async () => {
  const host = testHost(['web']);
  const busy = new Set([web]);
  const runner: Pick<Runner, 'busy' | 'start' | 'cancel'> = {
    busy: () => new Set(busy),
    start: () => undefined,
    cancel: () => undefined,
  };
  const ports = {
    ...host.ports,
    records: {
      load: async () => {
        busy.clear();
        return host.records.load();
      },
    } as Partial<typeof host.records> as typeof host.records,
  };
  const crew = { runner: runner as Runner, attempts: new Attempts(host.ports) };
  const opts = { prune: 'none', allowEmpty: false, retryNow: false, guard: newGuard(), signal, crew } as const;
  await pass(ports, opts);
  assert.deepEqual([...(host.asked[0]?.busy ?? [])], [web]);
});
