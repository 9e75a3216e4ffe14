import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActualContainer, ActualPod, ContainerState } from '../../src/model/actual.ts';
import type { RestartPolicy } from '../../src/model/desired.ts';
import { restartOf } from '../../src/plan/backoff.ts';
import { isFinished, type Run, runOf } from '../../src/plan/run.ts';
import { linesOf } from './run-lines.ts';
import { desiredOf, now, runningPod } from './scenario.ts';

const secondMs = 1000;
const yaml = `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  initContainers: [{ name: one, image: app:1 }, { name: two, image: app:1 }]
  containers: [{ name: main, image: app:1 }, { name: side, image: app:1 }]`;
const [wanted] = [...desiredOf(yaml).desired.pods.values()];
assert.ok(wanted);
const whole = runningPod(wanted);
const begunMs = whole.infra.startedAtMs;

type Parts = Readonly<Record<string, Partial<ActualContainer>>>;

/** The running pod with parts of its containers changed, and its sandbox. */
function podWith(parts: Parts, infra: Partial<ActualPod['infra']> = {}, counts = 0): ActualPod {
  const containers = [...whole.containers].map(([name, each]) => [name, { ...each, ...parts[name] }] as const);
  const record = { backoffCount: counts, restarts: counts, secretDigest: undefined, resources: undefined };
  const records = Object.fromEntries(containers.map(([name]) => [name, record]));
  return {
    ...whole,
    infra: { ...whole.infra, ...infra },
    containers: new Map(containers),
    record: whole.record && { ...whole.record, containers: records },
  };
}

function runWith(actual: ActualPod, restartPolicy: RestartPolicy = 'Always', replaced: readonly string[] = []): Run {
  assert.ok(wanted);
  return runOf({ ...wanted, restartPolicy }, actual, now, { replaced: new Set(replaced) });
}

const ended = (exitCode: number, agoMs: number): Partial<ActualContainer> => ({
  state: 'exited',
  exitCode,
  startedAtMs: now - agoMs - secondMs,
  exitedAtMs: now - agoMs,
});
const fresh: Partial<ActualContainer> = { state: 'created', startedAtMs: 0, exitedAtMs: 0 };
const unbegun: Parts = { main: fresh, side: fresh };
/** The sandbox was started anew after all that is in it. */
const anew: Partial<ActualPod['infra']> = { startedAtMs: begunMs + secondMs, exitedAtMs: begunMs };

const cases: readonly (readonly [string, ActualPod, readonly string[]])[] = [
  ['nothing where all runs', podWith({}), []],
  [
    'the first init container in a pod that never began',
    podWith({ ...unbegun, one: fresh, two: fresh }),
    ['start one', "as init container 'one' is to run", 'initializing'],
  ],
  [
    'nothing beside an init container that runs',
    podWith({ ...unbegun, one: { state: 'running' }, two: fresh }),
    ["wait init container 'one' runs", 'initializing'],
  ],
  [
    'the next init container after one that ended well',
    podWith({ ...unbegun, two: fresh }),
    ['start two', "as init container 'two' is to run", 'initializing'],
  ],
  [
    'an init container that failed, at once the first time',
    podWith({ ...unbegun, one: ended(3, 2 * secondMs), two: fresh }),
    ['start one', "as init container 'one' exited with 3", 'count one 1 1', 'initializing'],
  ],
  [
    'an init container that failed, not before its back-off',
    podWith({ ...unbegun, one: ended(3, 2 * secondMs), two: fresh }, {}, 1),
    ["wait init container 'one' exited with 3, back-off for 8000 ms", 'initializing'],
  ],
  [
    'an init container that failed, at the end of its back-off',
    podWith({ ...unbegun, one: ended(3, 10 * secondMs), two: fresh }, {}, 1),
    ['start one', "as init container 'one' exited with 3", 'count one 2 2', 'initializing'],
  ],
  [
    'all main containers once the init containers ended well',
    podWith(unbegun),
    ['start main', 'start side', "as container 'main' was never started", "as container 'side' was never started"],
  ],
  [
    'no init container where a main one has run in this sandbox',
    podWith({ one: fresh, main: fresh }),
    ['start main', "as container 'main' was never started"],
  ],
  [
    'the init containers anew in a sandbox that was started anew, after what still runs was stopped',
    podWith({}, anew),
    ['stop main', 'stop side', 'start one', "as init container 'one' is to run", 'initializing'],
  ],
  [
    'the init containers anew in a sandbox that died',
    podWith({ main: ended(137, secondMs) }, { state: 'exited' }),
    ['stop side', 'start one', "as init container 'one' is to run", 'initializing'],
  ],
  [
    'main containers that ended, each by its own back-off',
    podWith({ main: ended(1, 2 * secondMs), side: ended(0, 10 * secondMs) }, {}, 1),
    [
      'start side',
      "as container 'side' exited with 0",
      "wait container 'main' exited with 1, back-off for 8000 ms",
      'count side 2 2',
    ],
  ],
  [
    'what somebody paused',
    podWith({ main: { state: 'paused' } }),
    ['start main', "as container 'main' was paused by hand"],
  ],
  ['nothing in a sandbox that is paused', podWith({}, { state: 'paused' }), []],
  [
    'an init container that somebody paused',
    podWith({ ...unbegun, one: { state: 'paused' }, two: fresh }),
    ['start one', "as init container 'one' was paused by hand", 'initializing'],
  ],
  [
    'what somebody stops, once that stop has ended',
    podWith({ main: { state: 'stopping' } }),
    ['stop main', 'start main', "as container 'main' is being stopped"],
  ],
  ...(['removing', 'unknown'] as const).map((state): (typeof cases)[number] => [
    `nothing of a container that is ${state}, and looks again soon`,
    podWith({ main: { state } }),
    [`wait container 'main' is ${state} for 1000 ms`],
  ]),
];
for (const [what, actual, want] of cases)
  test(`runOf() starts ${what}`, () => assert.deepEqual(linesOf(runWith(actual)), want));

test('runOf() gives a pod up for good whose init container failed under Never', () => {
  const run = runWith(podWith({ ...unbegun, two: ended(3, secondMs) }), 'Never');
  assert.deepEqual(linesOf(run), [
    "failed init container 'two' exited with 3 and restartPolicy is Never",
    'initializing',
  ]);
});

test('runOf() leaves a stopped pod alone only where all of it has finished', () => {
  const done = { main: ended(0, secondMs), side: ended(0, secondMs) };
  const stopped = { state: 'exited' } as const;
  assert.deepEqual(linesOf(runWith(podWith(done, stopped), 'OnFailure')), []);
  assert.equal(linesOf(runWith(podWith({ ...done, side: ended(1, secondMs) }, stopped), 'OnFailure'))[0], 'start one');
  assert.equal(linesOf(runWith(podWith({ ...done, side: fresh }, stopped), 'OnFailure'))[0], 'start one');
  assert.equal(linesOf(runWith(podWith(done, stopped), 'Always'))[0], 'start one');
  assert.equal(linesOf(runWith(podWith(done, stopped), 'OnFailure', ['main']))[0], 'start one');
});

test('runOf() counts a container that is made anew as never started', () => {
  assert.deepEqual(linesOf(runWith(podWith({}), 'Always', ['side'])), [
    'start side',
    "as container 'side' was never started",
  ]);
});

test('runOf() stops and starts a main container that is older than its sandbox', () => {
  const older = { main: { startedAtMs: begunMs - secondMs } };
  const pod = podWith(older, { exitedAtMs: begunMs - secondMs });
  assert.deepEqual(linesOf(runWith(pod)), ['stop main', 'start main', "as container 'main' lost its sandbox"]);
  assert.deepEqual(linesOf(runWith(podWith(older))), [], 'not in a sandbox that never ended');
  const ahead = podWith(older, { startedAtMs: now + 1, exitedAtMs: begunMs });
  assert.deepEqual(linesOf(runWith(ahead)), [], 'not by a start that lies ahead');
});

test('runOf() counts from 0 where the record is lost', () => {
  const pod = { ...podWith({ main: ended(1, secondMs) }, {}, 5), record: undefined };
  assert.deepEqual(linesOf(runWith(pod)), ['start main', "as container 'main' exited with 1", 'count main 1 1']);
  const begins = { ...podWith({ ...unbegun, one: ended(1, secondMs) }, {}, 5), record: undefined };
  assert.deepEqual(linesOf(runWith(begins)).slice(2, 3), ['count one 1 1']);
});

const finishes: readonly (readonly [RestartPolicy, ContainerState, number, number, boolean])[] = [
  ['Always', 'exited', 0, 1, false],
  ['OnFailure', 'exited', 0, 1, true],
  ['OnFailure', 'exited', 1, 1, false],
  ['Never', 'exited', 1, 1, true],
  ['Never', 'exited', 1, 0, false],
  ['Never', 'running', 0, 1, false],
  ['OnFailure', 'created', 0, 0, false],
];
for (const [restartPolicy, state, exitCode, startedAtMs, want] of finishes) {
  test(`isFinished() is ${want} for ${state} with ${exitCode} under ${restartPolicy}, started at ${startedAtMs}`, () => {
    const [main] = [...whole.containers.values()];
    assert.ok(main);
    assert.equal(isFinished({ restartPolicy }, { ...main, state, exitCode, startedAtMs }), want);
  });
}

test('restartOf() counts up, and anew after a run of ten minutes', () => {
  const [main] = [...whole.containers.values()];
  assert.ok(main);
  const record = { backoffCount: 3, restarts: 7, secretDigest: undefined, resources: undefined };
  const after = (ranMs: number): ActualContainer => ({ ...main, startedAtMs: now - ranMs, exitedAtMs: now });
  assert.deepEqual(restartOf(after(599_999), record, now), {
    dueMs: now + 40_000,
    counts: { backoffCount: 4, restarts: 8 },
  });
  assert.deepEqual(restartOf(after(600_000), record, now), { dueMs: now, counts: { backoffCount: 1, restarts: 8 } });
  assert.deepEqual(restartOf(after(1000), undefined, now), { dueMs: now, counts: { backoffCount: 1, restarts: 1 } });
});

test('restartOf() waits as Kubernetes does: not at all, then 10 s, doubling to 5 min', () => {
  const [main] = [...whole.containers.values()];
  assert.ok(main);
  const exited = { ...main, state: 'exited' as const, startedAtMs: now - 1000, exitedAtMs: now };
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 100].map(backoffCount => {
    const record = { backoffCount, restarts: 100, secretDigest: undefined, resources: undefined };
    return (restartOf(exited, record, now).dueMs - now) / 1000;
  });
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300, 300, 300]);
});

test('restartOf() takes an exit that lies in the future for one of now', () => {
  const [main] = [...whole.containers.values()];
  assert.ok(main);
  const record = { backoffCount: 1, restarts: 1, secretDigest: undefined, resources: undefined };
  const exited = (exitedAtMs: number): ActualContainer => ({ ...main, startedAtMs: now - 1000, exitedAtMs });
  assert.equal(restartOf(exited(now + 5000), record, now).dueMs, now + 15_000, 'clocks are corrected by seconds');
  assert.equal(restartOf(exited(now + 5001), record, now).dueMs, now);
});
