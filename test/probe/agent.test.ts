import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual } from '../../src/model/actual.ts';
import type { DesiredProbe } from '../../src/model/probe.ts';
import { type HealthTable, type ProbeAgentPorts, probeAgent } from '../../src/probe/agent.ts';
import { FakeClock, settled } from '../fakes/clock.ts';
import { desiredContainer, desiredOf, desiredPod } from '../fakes/desired.ts';

const probe: DesiredProbe = {
  handler: { type: 'tcpSocket', host: undefined, port: 80 },
  initialDelaySeconds: 0,
  periodSeconds: 1,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 1,
  terminationGracePeriodSeconds: undefined,
};
const pod = desiredPod('a', { containers: [desiredContainer('a-main', { probes: { readiness: probe } })] });
const desired = desiredOf([pod]);

/** The engine with that pod, its container in that state. */
function actualOf(clock: FakeClock, state: 'running' | 'paused' | 'exited', record?: object): Actual {
  const startedAtMs = Math.floor(clock.now() / 1000) * 1000;
  const container = { name: 'main', id: 'c1', state, startedAtMs };
  const infra = { id: 'i1', state: 'running', createdAtMs: 0, startedAtMs, exitedAtMs: 0 };
  const actual = { key: pod.key, infra, containers: new Map([['main', container]]), record };
  return { pods: new Map([[pod.key, actual]]) } as unknown as Actual;
}

function rig(more: Partial<ProbeAgentPorts> = {}): {
  clock: FakeClock;
  probes: ReturnType<typeof probeAgent>;
  dials: () => number;
} {
  const clock = new FakeClock();
  let dials = 0;
  const dial = async (): Promise<{ ok: boolean; message: string }> => {
    dials += 1;
    return { ok: true, message: '' };
  };
  const probes = probeAgent({ clock, dial, random: () => 0, remembered: new Map(), save: () => {}, ...more });
  return { clock, probes, dials: () => dials };
}

const readyIn = (probes: ReturnType<typeof probeAgent>, actual: Actual): boolean | undefined =>
  probes.join(actual).pods.get(pod.key)?.containers.get('main')?.health?.ready;

test('a hint comes when health changes, and a container that stopped has none', async () => {
  const { clock, probes } = rig();
  const leave = new AbortController();
  const hints: string[] = [];
  const reading = (async () => {
    for await (const hint of probes.wakes({ signal: leave.signal })) hints.push(hint);
  })();
  const actual = actualOf(clock, 'running');
  assert.equal(readyIn(probes, actual), undefined);
  probes.follow(desired, actual, new Set());
  assert.equal(readyIn(probes, actual), false);
  await clock.advance(5_000);
  assert.deepEqual([readyIn(probes, actual), hints.length], [true, 1]);
  assert.equal(readyIn(probes, actualOf(clock, 'exited')), undefined);
  leave.abort();
  await reading;
  assert.equal(clock.sleeping, 0);
});

test('while steps of its pod are under way a new container is not probed: its hook after the start may still run', async () => {
  const { clock, probes, dials } = rig();
  const leave = new AbortController();
  const reading = (async () => {
    for await (const _ of probes.wakes({ signal: leave.signal }));
  })();
  const actual = actualOf(clock, 'running');
  probes.follow(desired, actual, new Set([pod.key]));
  await clock.advance(3_000);
  assert.deepEqual([dials(), readyIn(probes, actual)], [0, undefined]);
  probes.follow(desired, actual, new Set());
  await clock.advance(2_000);
  const before = dials();
  assert.ok(before > 0);
  probes.follow(desired, actual, new Set([pod.key]));
  await clock.advance(2_000);
  assert.ok(dials() > before, 'one that was probed goes on');
  leave.abort();
  await reading;
});

test('a pod that is no longer declared is probed as it was last applied', async () => {
  const { clock, probes } = rig();
  const applied = { sandbox: {}, containers: {}, inPlace: { probes: { main: { readiness: probe } } } };
  const actual = actualOf(clock, 'running', { applied });
  probes.follow(desiredOf([]), actual, new Set());
  assert.equal(readyIn(probes, actual), false);
});

test('what an earlier agent knew of the same start holds until a result says otherwise', () => {
  const clock = new FakeClock();
  const startedAtMs = Math.floor(clock.now() / 1000) * 1000;
  const known = { startedAtMs, started: true, ready: true };
  const { probes } = rig({ clock, remembered: new Map([['c1', known]]) });
  const actual = actualOf(clock, 'running');
  probes.follow(desired, actual, new Set());
  assert.equal(readyIn(probes, actual), true);
  const other = rig({ clock, remembered: new Map([['c1', { ...known, startedAtMs: startedAtMs - 1000 }]]) });
  other.probes.follow(desired, actual, new Set());
  assert.equal(readyIn(other.probes, actual), false);
});

test('the table is saved soon after it changed', async () => {
  const saved: HealthTable[] = [];
  const { clock, probes } = rig({ save: table => void saved.push(table) });
  probes.follow(desired, actualOf(clock, 'running'), new Set());
  for (let tries = 0; saved.length === 0 && tries < 1000; tries++)
    await new Promise(resolve => setTimeout(resolve, 10));
  await settled();
  assert.deepEqual([...(saved[0]?.keys() ?? [])], ['c1']);
  assert.equal(saved[0]?.get('c1')?.ready, false);
});

test('what is saved last is what was known, not the clearing up', async () => {
  const saved: HealthTable[] = [];
  const { clock, probes } = rig({ save: table => saved.push(new Map(table)) });
  const leave = new AbortController();
  const reading = (async () => {
    for await (const _ of probes.wakes({ signal: leave.signal }));
  })();
  probes.follow(desired, actualOf(clock, 'running'), new Set());
  await clock.advance(5_000);
  leave.abort();
  await reading;
  await new Promise(resolve => setTimeout(resolve, 200));
  assert.equal(saved.at(-1)?.get('c1')?.ready, true);
});

test('what was paused for a while goes on as it was', async () => {
  const { clock, probes } = rig();
  const leave = new AbortController();
  const reading = (async () => {
    for await (const _ of probes.wakes({ signal: leave.signal }));
  })();
  const [actual, paused] = [actualOf(clock, 'running'), actualOf(clock, 'paused')];
  probes.follow(desired, actual, new Set());
  await clock.advance(5_000);
  assert.equal(readyIn(probes, actual), true);
  probes.follow(desired, paused, new Set());
  assert.equal(readyIn(probes, paused), undefined);
  assert.equal(readyIn(probes, actual), true);
  leave.abort();
  await reading;
});
