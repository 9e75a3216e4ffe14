import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { Key } from '../../src/model/key.ts';
import type { PodRecord } from '../../src/model/record.ts';
import { statusOf } from '../../src/status/pods.ts';

const key: Key = 'Pod/default/web';

function container(more: Partial<ActualContainer>): ActualContainer {
  return {
    name: 'a',
    id: 'id-a',
    engineName: 'web-a',
    digest: 'd',
    state: 'running',
    exitCode: 0,
    startedAtMs: 1000,
    exitedAtMs: 0,
    imageId: 'i',
    inspected: undefined,
    ...more,
  };
}

function pod(containers: readonly ActualContainer[]): ActualPod {
  return {
    key,
    id: 'p',
    engineName: 'web',
    uid: 'u',
    declaredBy: key,
    digest: 'd',
    infra: { id: 'x', state: 'running', createdAtMs: 1, startedAtMs: 1000, exitedAtMs: 0 },
    containers: new Map(containers.map(one => [one.name, one])),
    ports: [],
    foreign: [],
    memory: [],
    files: new Map(),
    record: undefined,
  };
}

function record(policy: string, more: Partial<PodRecord> = {}): PodRecord {
  return {
    version: 1,
    key,
    declaredBy: key,
    uid: 'u',
    revision: 'r1',
    origin: { file: 'web.yaml', line: 3, column: 1 },
    source: '/m',
    applied: { sandbox: {}, containers: { init: { init: true } }, inPlace: { restartPolicy: policy } },
    containers: {},
    failure: undefined,
    history: [],
    ...more,
  };
}

function one(
  containers: readonly ActualContainer[],
  remembered: PodRecord | undefined,
): ReturnType<typeof statusOf>[0] {
  const [row] = statusOf(
    { pods: new Map([[key, pod(containers)]]) },
    {
      records: new Map(remembered ? [[key, remembered]] : []),
      nowMs: 5000,
      restartAtMs: ended => ended.exitedAtMs + 10_000,
    },
  );
  assert.ok(row);
  return row;
}

const exited = (exitCode: number, name = 'a'): ActualContainer =>
  container({ name, state: 'exited', exitCode, exitedAtMs: 4000 });

const cases: readonly (readonly [string, readonly ActualContainer[], PodRecord | undefined, string])[] = [
  ['Running when all containers run', [container({})], record('Always'), 'Running'],
  ['Running without a record', [container({})], undefined, 'Running'],
  ['Starting without containers', [], record('Always'), 'Starting'],
  ['Starting while a container has not started', [container({ state: 'created' })], record('Always'), 'Starting'],
  [
    'Starting while an init container runs',
    [container({ name: 'init' }), container({ state: 'created' })],
    record('Always'),
    'Starting',
  ],
  ['Waiting after an exit under Always', [exited(0)], record('Always'), 'Waiting'],
  ['Waiting after a failure under OnFailure', [exited(1)], record('OnFailure'), 'Waiting'],
  ['Completed after success under OnFailure', [exited(0)], record('OnFailure'), 'Completed'],
  ['Completed after success under Never', [exited(0)], record('Never'), 'Completed'],
  ['Failed after a failure under Never', [exited(2)], record('Never'), 'Failed'],
  ['Running when its init container has succeeded', [exited(0, 'init'), container({})], record('Always'), 'Running'],
  [
    'Running when one of two has finished under OnFailure',
    [exited(0), container({ name: 'b' })],
    record('OnFailure'),
    'Running',
  ],
  ['Stopped after success when nothing is remembered', [exited(0)], undefined, 'Stopped'],
  ['Stopped after a failure when nothing is remembered', [exited(1)], undefined, 'Stopped'],
  ['Paused while somebody has paused it', [container({ state: 'paused' })], record('Always'), 'Paused'],
  ['Unknown when the engine does not tell', [container({ state: 'unknown' })], record('Always'), 'Unknown'],
];

for (const [name, containers, remembered, want] of cases) {
  test(`statusOf() is ${name}`, () => {
    assert.equal(one(containers, remembered).state, want);
  });
}

test('statusOf() tells when a container starts again, and how often it was', () => {
  const remembered = record('Always', {
    containers: { a: { backoffCount: 2, restarts: 3, secretDigest: undefined, resources: undefined } },
  });
  const row = one([exited(7)], remembered);
  assert.deepEqual(
    { message: row.message, untilMs: row.untilMs, restarts: row.restarts },
    { message: 'container "a" exited with 7', untilMs: 14_000, restarts: 3 },
  );
});

test('statusOf() names the init container that a pod waits for', () => {
  const row = one([container({ name: 'init' }), container({ state: 'created' })], record('Always'));
  assert.equal(row.message, 'init container "init" has not finished');
});

test('statusOf() keeps a pod Running whose latest change failed, and says so', () => {
  const failure = { message: 'no such image', hint: undefined, count: 1, atMs: 1, fingerprint: 'f' };
  const row = one([container({})], record('Always', { failure }));
  assert.deepEqual([row.state, row.message], ['Running', 'latest change failed: no such image']);
});

test('statusOf() shows a remembered pod that is not in the engine', () => {
  const failure = { message: 'no such image', hint: undefined, count: 1, atMs: 1, fingerprint: 'f' };
  const other: Key = 'Pod/a/b';
  const rows = statusOf(
    { pods: new Map() },
    {
      records: new Map([
        [key, record('Always', { failure })],
        [other, record('Always', { key: other })],
      ]),
      nowMs: 0,
      restartAtMs: () => 0,
    },
  );
  assert.deepEqual(
    rows.map(row => [row.key, row.state]),
    [
      [other, 'Missing'],
      [key, 'Failed'],
    ],
  );
});

test('statusOf() counts main containers as ready, not init containers, and those that are gone as not', () => {
  const running = one([exited(0, 'init'), container({})], record('Always'));
  assert.deepEqual(running.ready, { count: 1, total: 1 });
  const applied = { sandbox: {}, containers: { init: { init: true }, a: {}, more: {} }, inPlace: {} };
  const gone = one([exited(0, 'init'), container({})], { ...record('Always'), applied });
  assert.deepEqual(gone.ready, { count: 1, total: 2 });
});

test('statusOf says what a pod waits for, whether it stands or was never made', () => {
  const waitsFor: readonly Key[] = ['Pod/default/db', 'Deployment/shop/queue'];
  const { containers: _, applied: __, ...bare } = record('Always', { waitsFor });
  const never = new Map([[key, { ...bare, containers: {}, applied: undefined }]]);
  const opts = { nowMs: 5000, restartAtMs: () => 0 };
  const text = 'waits for "Pod/default/db" and "Deployment/shop/queue" to be ready';
  const [missing] = statusOf({ pods: new Map() }, { ...opts, records: never });
  assert.deepEqual([missing?.state, missing?.message], ['Waiting', text]);
  const known = new Map([[key, record('Always', { waitsFor })]]);
  const [standing] = statusOf({ pods: new Map([[key, pod([container({})])]]) }, { ...opts, records: known });
  assert.deepEqual([standing?.state, standing?.message], ['Running', text]);
});
