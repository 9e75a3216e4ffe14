import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEntry } from '../../src/model/record.ts';
import { emptyRecord, mergeRecord } from '../../src/record/merge.ts';
import { podWith } from './samples.ts';

const empty = emptyRecord('Pod/default/web', 'Pod/default/web', '/srv/pods');

function entry(why: string): HistoryEntry {
  return { atMs: 1, revision: 'r', location: undefined, result: 'created', why, fields: [] };
}

test('mergeRecord takes everything of an applied pod', () => {
  const pod = podWith({ web: 'abc' });
  const record = mergeRecord(empty, { applied: pod, uid: 'u1', revision: 'r1' }, '/srv/other');
  assert.equal(record.declaredBy, 'Deployment/default/web');
  assert.deepEqual(record.origin, { file: 'web.yaml', line: 3, column: 1 });
  assert.equal(record.applied, pod.canonical);
  assert.equal(record.source, '/srv/other');
  assert.deepEqual([record.uid, record.revision], ['u1', 'r1']);
  assert.deepEqual(record.containers.web, {
    backoffCount: 0,
    restarts: 0,
    secretDigest: 'abc',
    resources: pod.containers[0]?.resources,
  });
});

test('mergeRecord leaves what a patch lacks as it was', () => {
  const before = mergeRecord(empty, { applied: podWith({ web: 'abc' }), uid: 'u1', revision: 'r1' }, '/srv/pods');
  assert.deepEqual(mergeRecord(before, {}, '/srv/pods'), before);
  const after = mergeRecord(before, { containers: { web: { restarts: 2 } } }, '/srv/pods');
  assert.deepEqual(after.containers.web, { ...before.containers.web, restarts: 2 });
  assert.equal(after.applied, before.applied);
});

test('mergeRecord keeps counts of the same pod and begins anew with another uid', () => {
  const counts = { web: { restarts: 4, backoffCount: 3 } };
  const before = mergeRecord(empty, { applied: podWith({ web: undefined }), uid: 'u1', containers: counts }, '');
  const same = mergeRecord(before, { applied: podWith({ web: 'new' }), uid: 'u1' }, '');
  assert.deepEqual([same.containers.web?.restarts, same.containers.web?.secretDigest], [4, 'new']);
  const other = mergeRecord(before, { applied: podWith({ web: 'new' }), uid: 'u2' }, '');
  assert.equal(other.containers.web?.restarts, 0);
});

test('mergeRecord forgets containers that the applied pod lacks', () => {
  const before = mergeRecord(empty, { applied: podWith({ web: undefined, old: undefined }) }, '');
  const after = mergeRecord(before, { applied: podWith({ web: undefined }) }, '');
  assert.deepEqual(Object.keys(after.containers), ['web']);
});

test('mergeRecord takes a container called constructor for what it is', () => {
  const record = mergeRecord(empty, { containers: { constructor: { restarts: 1 } } }, '');
  assert.deepEqual(Object.entries(record.containers), [
    ['constructor', { backoffCount: 0, restarts: 1, secretDigest: undefined, resources: undefined }],
  ]);
});

test('mergeRecord keeps the latest 20 entries of history', () => {
  let record = empty;
  for (let i = 1; i <= 25; i++) record = mergeRecord(record, { history: entry(String(i)) }, '');
  assert.deepEqual(
    record.history.map(item => item.why),
    Array.from({ length: 20 }, (_, i) => String(i + 6)),
  );
});

test('mergeRecord notes what a pod waits for, also of one that was never made, and forgets it', () => {
  const origin = { file: 'web.yaml', line: 7, column: 1 };
  const waits = { on: ['Pod/default/db'], declaredBy: 'Deployment/default/web', origin } as const;
  const waiting = mergeRecord(empty, { waits }, '/srv/new');
  const { waitsFor, declaredBy, source } = waiting;
  assert.deepEqual([waitsFor, declaredBy, waiting.origin, source], [waits.on, waits.declaredBy, origin, '/srv/new']);
  const made = mergeRecord(waiting, { applied: podWith({ web: 'abc' }), uid: 'u1' }, '/srv/new');
  const over = mergeRecord(made, { waits: { ...waits, on: [], origin: { ...origin, line: 9 } } }, '/srv/other');
  assert.deepEqual([Object.hasOwn(over, 'waitsFor'), over.origin.line, over.source], [false, 3, '/srv/new']);
});
