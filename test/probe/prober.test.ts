import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DesiredProbe, DesiredProbes } from '../../src/model/probe.ts';
import type { Watched } from '../../src/probe/entry.ts';
import type { ProbeResult } from '../../src/probe/fold.ts';
import type { Dial } from '../../src/probe/ports.ts';
import { Prober } from '../../src/probe/prober.ts';
import { FakeClock } from '../fakes/clock.ts';

const probe = (more: Partial<DesiredProbe> = {}): DesiredProbe => ({
  handler: { type: 'tcpSocket', host: undefined, port: 80 },
  initialDelaySeconds: 0,
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
  terminationGracePeriodSeconds: undefined,
  ...more,
});
const exec = (more: Partial<DesiredProbe> = {}): DesiredProbe =>
  probe({ ...more, handler: { type: 'exec', command: ['true'] } });

interface Rig {
  readonly clock: FakeClock;
  readonly prober: Prober;
  /** Container and moment of each run, in milliseconds since the rig was made. */
  readonly runs: { readonly id: string; readonly atMs: number }[];
  /** Of changes that matter. */
  readonly changes: () => number;
  end(): Promise<void>;
}

function rig(answer: (id: string) => ProbeResult | Promise<ProbeResult>, random = (): number => 0.5): Rig {
  const clock = new FakeClock();
  const sinceMs = clock.now();
  const runs: Rig['runs'] = [];
  let changes = 0;
  const dial: Dial = async (_handler, { containerId }) => {
    runs.push({ id: containerId, atMs: clock.now() - sinceMs });
    return answer(containerId);
  };
  const prober = new Prober({
    clock,
    dial,
    random,
    onChange: matters => {
      if (matters) changes += 1;
    },
    remembered: () => undefined,
  });
  const leave = new AbortController();
  const running = prober.run(leave.signal);
  const end = async (): Promise<void> => {
    leave.abort();
    await running;
    assert.equal(clock.sleeping, 0);
  };
  return { clock, prober, runs, changes: () => changes, end };
}

const watched = (clock: FakeClock, id: string, probes: DesiredProbes, agoMs = 0): Watched => ({
  target: { containerId: id, infraId: 'infra', infraStartedAtMs: 0 },
  startedAtMs: clock.now() - agoMs,
  probes,
});
const ok: ProbeResult = { ok: true, message: '' };
const bad: ProbeResult = { ok: false, message: 'HTTP 500' };

test('a container that has just started is probed after its delay, then once a period', async () => {
  const { clock, prober, runs, end } = rig(() => ok);
  prober.follow([watched(clock, 'a', { readiness: probe({ initialDelaySeconds: 5 }) })]);
  await clock.advance(4_900);
  assert.equal(runs.length, 0);
  await clock.advance(30_000);
  assert.deepEqual(
    runs.map(({ atMs }) => atMs),
    [5_000, 15_000, 25_000],
  );
  await end();
});

test('those that ran before the agent came are spread over their period', async () => {
  let turn = 0;
  const { clock, prober, runs, end } = rig(
    () => ok,
    () => (turn++ % 10) / 10,
  );
  prober.follow(Array.from({ length: 10 }, (_, i) => watched(clock, `c${i}`, { liveness: probe() }, 3_600_000)));
  await clock.advance(9_999);
  assert.deepEqual(
    runs.map(({ atMs }) => atMs),
    [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000],
  );
  await end();
});

test('a new start begins anew, and only changes that matter are told', async () => {
  let answer = ok;
  const { clock, prober, changes, end } = rig(() => answer);
  const first = watched(clock, 'a', { readiness: probe({ periodSeconds: 1 }), liveness: probe({ periodSeconds: 1 }) });
  prober.follow([first]);
  await clock.advance(5_000);
  assert.deepEqual([prober.health('a', first.startedAtMs)?.ready, changes()], [true, 1]);
  answer = bad;
  await clock.advance(5_000);
  assert.match(
    prober.health('a', first.startedAtMs)?.failed?.why ?? '',
    /^failed its liveness probe 3 times: HTTP 500$/,
  );
  const told = changes();
  await clock.advance(60_000);
  assert.equal(changes(), told);
  const second = { ...first, startedAtMs: clock.now() };
  prober.follow([second]);
  assert.equal(prober.health('a', first.startedAtMs), undefined);
  const { ready, failed } = prober.health('a', second.startedAtMs) ?? {};
  assert.deepEqual([ready, failed], [false, undefined]);
  await end();
});

test('exec probes that cannot keep their period are spread and told as late, and none fails for it', async () => {
  const slow = rig(async () => {
    await slow.clock.sleep(1_000, new AbortController().signal);
    return ok;
  });
  const { clock, prober, runs, end } = slow;
  // Sixteen seconds of work for each second, four at once: a turn every four seconds.
  const all = Array.from({ length: 16 }, (_, i) =>
    watched(clock, `c${i}`, { liveness: exec({ periodSeconds: 1, failureThreshold: 1 }) }),
  );
  prober.follow(all);
  await clock.advance(60_000);
  const counts = all.map(({ target }) => runs.filter(({ id }) => id === target.containerId).length);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, String(counts));
  assert.ok(Math.min(...counts) >= 12, String(counts));
  const most = Math.max(
    ...runs.map(({ atMs }) => runs.filter(run => run.atMs <= atMs && run.atMs > atMs - 1_000).length),
  );
  assert.equal(most, 4);
  for (const { target, startedAtMs } of all) {
    const health = prober.health(target.containerId, startedAtMs);
    assert.equal(health?.failed, undefined);
    assert.ok((health?.lateMs ?? 0) >= 2_000, String(health?.lateMs));
  }
  prober.follow(all.slice(0, 2));
  await clock.advance(10_000);
  assert.equal(prober.health('c0', all[0]?.startedAtMs ?? 0)?.lateMs, 0);
  const ending = end();
  await clock.advance(2_000);
  await ending;
});

test('a clock that is set changes the pace of no probe', async () => {
  const { clock, prober, runs, end } = rig(() => ok);
  prober.follow([watched(clock, 'a', { liveness: probe({ periodSeconds: 1 }) })]);
  await clock.advance(3_500);
  clock.jump(-3_600_000);
  const before = runs.length;
  await clock.advance(10_000);
  assert.ok(Math.abs(runs.length - before - 10) <= 1, `${runs.length - before} runs in ten seconds`);
  clock.jump(3_600_000);
  const later = runs.length;
  await clock.advance(10_000);
  assert.ok(Math.abs(runs.length - later - 10) <= 2, `${runs.length - later} runs in ten seconds`);
  await end();
});

test('changed probes of a running container take over without a fresh start', async () => {
  let answer = ok;
  const { clock, prober, runs, end } = rig(() => answer);
  const first = watched(clock, 'a', { readiness: probe({ periodSeconds: 1 }) });
  prober.follow([first]);
  await clock.advance(1_000);
  answer = bad;
  prober.follow([{ ...first, probes: { readiness: probe({ periodSeconds: 5, failureThreshold: 1 }) } }]);
  assert.equal(prober.health('a', first.startedAtMs)?.ready, true);
  const before = runs.length;
  await clock.advance(10_000);
  assert.ok(runs.length - before <= 3, `${runs.length - before} runs in ten seconds of a period of five`);
  assert.equal(prober.health('a', first.startedAtMs)?.ready, false);
  await end();
});

test('a paused container is not probed, and goes on as it was', async () => {
  const { clock, prober, runs, end } = rig(() => ok);
  const main = watched(clock, 'a', { startup: probe({ periodSeconds: 1 }), readiness: probe({ periodSeconds: 1 }) });
  prober.follow([main]);
  await clock.advance(5_000);
  assert.equal(prober.health('a', main.startedAtMs)?.ready, true);
  prober.follow([{ ...main, isPaused: true }]);
  const before = runs.length;
  await clock.advance(60_000);
  assert.equal(runs.length, before);
  assert.equal(prober.all().get('a')?.started, true);
  prober.follow([main]);
  const { started, ready } = prober.health('a', main.startedAtMs) ?? {};
  assert.deepEqual({ started, ready }, { started: true, ready: true });
  await clock.advance(5_000);
  assert.ok(runs.length > before);
  await end();
});
