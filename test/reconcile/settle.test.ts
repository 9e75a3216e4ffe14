import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { EngineError } from '../../src/engine/engine.ts';
import type { Actual } from '../../src/model/actual.ts';
import { SourceError } from '../../src/source/source.ts';
import { desiredContainer, desiredOf, desiredPod } from '../fakes/desired.ts';
import { blankRecord } from '../fakes/records.ts';
import { passes, settleOn, type TestHost, testHost } from './host.ts';

test('settle() ends once everything runs, and does nothing the second time', async () => {
  const host = testHost(['web', 'db']);
  const first = await settleOn(host);
  assert.deepEqual(first.changes.map(({ op, key }) => `${op} ${key}`).toSorted(), [
    'create Pod/default/db',
    'create Pod/default/web',
  ]);
  assert.deepEqual([first.failures, first.timedOut], [[], false]);
  host.engine.calls.length = 0;
  host.records.writes.length = 0;
  const second = await settleOn(host);
  assert.deepEqual(second.changes, []);
  assert.deepEqual(host.engine.calls, ['observe']);
  assert.deepEqual(host.records.writes, []);
});

test('settle() tells what failed, and does not wait for its back-off', async () => {
  const host = testHost(['web', 'bad']);
  host.desired = desiredOf([
    desiredPod('web'),
    desiredPod('bad', { containers: [desiredContainer('bad-main', { image: 'typo' })] }),
  ]);
  const started = host.clock.now();
  const { changes, failures, timedOut } = await settleOn(host);
  assert.deepEqual(
    changes.map(({ key }) => key),
    ['Pod/default/web'],
  );
  assert.deepEqual(
    failures.map(({ key, failure }) => `${key} ${failure.code}`),
    ['Pod/default/bad IMAGE_NOT_FOUND'],
  );
  assert.equal(timedOut, false);
  assert.ok(host.clock.now() - started < 2000);
});

/** A host whose only pod is wanted, and failed many times until now. */
function failedBefore(): TestHost {
  const host = testHost(['web']);
  const failure = {
    message: 'Cannot pull',
    hint: undefined,
    count: 9,
    atMs: host.clock.now(),
    fingerprint: 'sandbox,container',
  };
  host.records.all.set('Pod/default/web', { ...blankRecord('Pod/default/web', 'Pod/default/web'), failure });
  return host;
}

test('settle() tries at once what failed before', async () => {
  const host = failedBefore();
  const { changes } = await settleOn(host);
  assert.equal(changes.length, 1);
  assert.equal(host.records.all.get('Pod/default/web')?.failure, undefined);
});

test('settle() gives up when time is up, and aborts what hangs', async () => {
  const host = testHost(['web'], { fault: action => (action.verb === 'pull' ? 'hang' : undefined) });
  const { timedOut, changes } = await settleOn(host, { timeoutMs: 5000 });
  assert.equal(timedOut, true);
  assert.deepEqual(changes, []);
});

test('settle() rejects where the first pass fails', async () => {
  const host = testHost(['web']);
  host.engine.down = true;
  await assert.rejects(settleOn(host), EngineError);
  assert.deepEqual(host.events, [], 'at once');
});

test('settle() waits with a removal for the 2 s that it takes to be sure', async () => {
  const host = testHost(['web', 'db']);
  await settleOn(host);
  host.desired = desiredOf([desiredPod('web')]);
  const { changes } = await settleOn(host, { prune: 'guarded' });
  assert.deepEqual(
    changes.map(({ op, key }) => `${op} ${key}`),
    ['remove Pod/default/db'],
  );
  assert.equal(host.engine.host.podByName('db'), undefined);
});

test('settle() does not wait for a removal that fails and rests', async () => {
  const host = testHost(['web'], { fault: action => (action.verb === 'removePod' ? 'error' : undefined) });
  await settleOn(host);
  host.desired = desiredOf([]);
  const started = host.clock.now();
  const { failures, timedOut } = await settleOn(host, { prune: 'all' });
  assert.deepEqual(
    failures.map(({ key }) => key),
    ['Pod/default/web'],
  );
  assert.equal(timedOut, false);
  assert.ok(host.clock.now() - started < 15_000);
});

test('settle() looks at nothing where its signal has aborted, and lets go of one that has not', async () => {
  const host = testHost(['web']);
  const { outcome } = await settleOn(host, { signal: AbortSignal.abort() });
  assert.equal(outcome, undefined);
  assert.deepEqual(host.engine.calls, []);
  const { signal } = new AbortController();
  await settleOn(host, { signal });
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('settle() looks at what it did, though that ended before the pass did', async () => {
  const host = testHost(['web', 'db']);
  await settleOn(host);
  const record = host.records.all.get('Pod/default/web');
  assert.ok(record);
  const failure = { message: 'x', hint: undefined, count: 1, atMs: 0, fingerprint: 'other' };
  host.records.all.set('Pod/default/web', { ...record, failure });
  host.engine.removePodByHand('db');
  const fail = host.records.fail.bind(host.records);
  host.records.fail = async (...args) => {
    await host.clock.sleep(5000, new AbortController().signal);
    return fail(...args);
  };
  const before = passes(host);
  const { outcome } = await settleOn(host);
  assert.equal(passes(host), before + 2);
  assert.deepEqual(outcome?.plan.steps, []);
});

test('settle() removes nothing unless told to', async () => {
  const host = testHost(['web', 'db']);
  await settleOn(host);
  host.desired = desiredOf([desiredPod('web')]);
  await settleOn(host);
  assert.ok(host.engine.host.podByName('db'));
});

test('settle() with wait: false ends when the steps of its one pass have', async () => {
  const host = testHost(['web']);
  const { changes } = await settleOn(host, { wait: false });
  assert.equal(changes.length, 1);
  assert.equal(passes(host), 1);
});

test('settle() converges whatever single call goes wrong', async () => {
  for (const fault of ['error', 'lost', 'half'] as const) {
    for (let at = 1; at <= 6; at += 1) {
      const host = testHost(['web'], { fault: (_action, call) => (call === at ? fault : undefined) });
      await settleOn(host);
      await settleOn(host);
      assert.equal(host.engine.host.containerByName('web-main')?.state, 'running', `${fault} at call ${at}`);
      assert.equal(host.engine.host.pods.size, 1);
      assert.equal(host.engine.host.containers.size, 1);
    }
  }
});

test('settle() as the agent lets what failed before rest until its time has come', async () => {
  const host = failedBefore();
  const { changes, outcome } = await settleOn(host, { asAgent: true });
  assert.deepEqual(changes, []);
  assert.ok((outcome?.nextMs ?? 0) > host.clock.now(), 'it tells when that is');
});

test('settle() as the agent waits for probes of what it made, and not of what stood', async () => {
  const probes = { join: (actual: Actual) => actual, follow: () => undefined, wakes: async function* () {} };
  const tcp = { handler: { type: 'tcpSocket', port: 80 } } as never;
  const host = testHost();
  host.desired = desiredOf([
    desiredPod('web', { containers: [desiredContainer('web-main', { probes: { readiness: tcp } })] }),
  ]);
  const on = { ...host, ports: { ...host.ports, probes } };
  assert.equal((await settleOn(on, { asAgent: true, timeoutMs: 5000 })).timedOut, true);
  assert.equal((await settleOn(on, { asAgent: true, timeoutMs: 5000 })).timedOut, false);
  assert.equal((await settleOn(on, { timeoutMs: 5000 })).timedOut, true, 'a person waits for it');
});

test('settle() as the agent looks after what runs where its source cannot be read, and fails', async () => {
  const host = testHost(['web']);
  host.source.fault = new SourceError('SOURCE_MISSING', 'Cannot read "/srv": no such directory');
  await assert.rejects(settleOn(host, { asAgent: true }), SourceError);
  assert.equal(host.asked.length, 1);
  host.asked.length = 0;
  await assert.rejects(settleOn(host), SourceError);
  assert.equal(host.asked.length, 0);
});
