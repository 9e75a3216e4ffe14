import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActualPod } from '../../src/model/actual.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { PodRecord } from '../../src/model/record.ts';
import { mergeRecord } from '../../src/record/merge.ts';
import { applied, desiredOf, now, planOf, runningPod, textOf, withContainer } from './scenario.ts';

const yaml = (spec: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  ${spec}
  initContainers: [{ name: proxy, image: app:1, restartPolicy: Always }]
  containers: [{ name: main, image: app:1 }]`;
const wantedOf = (spec: string): ReturnType<typeof desiredOf>['desired'] => desiredOf(yaml(spec)).desired;
const hour = 3600;

/** The plan for a pod that was made an hour ago. */
function planFor(spec: string, change: (pod: ActualPod) => ActualPod = pod => pod, before = spec): Plan {
  return planOf(wantedOf(spec), applied(wantedOf(before), change), { prune: 'none' });
}

const endedText = 'DeadlineExceeded: it ran for longer than its 3600 s';
const ended: (pod: ActualPod) => ActualPod = pod => {
  const exited = { state: 'exited', exitCode: 143, exitedAtMs: now } as const;
  const record = pod.record && {
    ...pod.record,
    ended: { reason: 'DeadlineExceeded' as const, message: 'it ran for longer than its 3600 s', atMs: now },
  };
  return { ...withContainer(withContainer(pod, 'main', exited), 'proxy', exited), record };
};

test('a pod before its deadline is kept, and looked at again when that comes', () => {
  const plan = planFor(`activeDeadlineSeconds: ${hour + 7}`);
  assert.deepEqual(textOf(plan), []);
  assert.equal(plan.nextMs, now + 7000);
});

test('at its deadline a pod is noted as ended and stopped in order, whatever its restart policy', () => {
  for (const policy of ['Always', 'OnFailure', 'Never']) {
    const plan = planFor(`restartPolicy: ${policy}\n  activeDeadlineSeconds: ${hour}`);
    assert.deepEqual(textOf(plan), [
      `stop Pod/default/a: ${endedText}`,
      '1. note it in the record of Pod/default/a',
      '2. stop main, then proxy (within 30 s together) <- 1',
    ]);
    assert.equal(plan.nextMs, undefined);
  }
});

test('what waits for its back-off then is noted too, and starts no more', () => {
  const plan = planFor(`activeDeadlineSeconds: ${hour}`, pod => {
    const dead = { state: 'exited', exitCode: 1, exitedAtMs: now } as const;
    return withContainer(withContainer(pod, 'main', dead), 'proxy', dead);
  });
  assert.deepEqual(textOf(plan), [`stop Pod/default/a: ${endedText}`, '1. note it in the record of Pod/default/a']);
});

test('an ended pod stays ended: nothing to do, also where the deadline is put off or its containers are gone', () => {
  assert.deepEqual(textOf(planFor(`activeDeadlineSeconds: ${hour}`, ended)), []);
  const [update, ...rest] = textOf(
    planFor(`activeDeadlineSeconds: ${9 * hour}`, ended, `activeDeadlineSeconds: ${hour}`),
  );
  assert.equal(update, 'update Pod/default/a: fields changed that touch nothing that runs');
  assert.equal(rest.length, 1);
  const gone = planFor(`activeDeadlineSeconds: ${hour}`, pod => ({ ...ended(pod), containers: new Map() }));
  assert.deepEqual(textOf(gone), []);
});

test('what somebody starts of an ended pod is stopped again', () => {
  const plan = planFor(`activeDeadlineSeconds: ${hour}`, pod =>
    withContainer(ended(pod), 'main', { state: 'running' }),
  );
  assert.equal(textOf(plan)[0], `stop Pod/default/a: ${endedText}`);
});

test('an ended pod is made anew once its containers are wanted otherwise', () => {
  const other = wantedOf(`activeDeadlineSeconds: ${hour}`);
  const changed = desiredOf(
    yaml(`activeDeadlineSeconds: ${hour}`).replace('main, image: app:1', 'main, image: app:2'),
  ).desired;
  const plan = planOf(changed, { ...applied(other, ended), images: applied(changed).images });
  assert.equal(plan.changes[0]?.op, 'recreate');
});

test('with its record lost, a pod past its deadline is noted as ended anew', () => {
  const plan = planFor(`activeDeadlineSeconds: ${hour}`, pod => ({ ...ended(pod), record: undefined }));
  const patches = plan.steps.flatMap(({ action }) => (action.verb === 'writeRecord' ? [action.patch] : []));
  const empty = runningPod([...wantedOf('hostname: x').pods.values()][0] as never).record;
  assert.ok(empty);
  const merged = patches.reduce<PodRecord>((record, patch) => mergeRecord(record, patch, ''), {
    ...empty,
    uid: undefined,
  });
  assert.equal(merged.ended?.reason, 'DeadlineExceeded');
});

test('a pod that has ended by itself has no deadline any more', () => {
  const plan = planFor(`restartPolicy: Never\n  activeDeadlineSeconds: ${hour}`, pod => {
    const done = { state: 'exited', exitCode: 0, exitedAtMs: now } as const;
    return withContainer(withContainer(pod, 'main', done), 'proxy', done);
  });
  assert.deepEqual(textOf(plan), []);
});

test('a pod that is held back or not desired any more is ended by the deadline that it was applied with', () => {
  const here = wantedOf(`activeDeadlineSeconds: ${hour}`);
  const held = { ...here, pods: new Map(), held: new Map([...here.pods.keys()].map(key => [key, 'broken'] as const)) };
  const plan = planOf(held, applied(here), { keepStanding: true });
  assert.match(textOf(plan)[0] ?? '', /^stop Pod\/default\/a: DeadlineExceeded/);
});

test('another pod under the same key has not ended', () => {
  const base = runningPod([...wantedOf('hostname: x').pods.values()][0] as never).record;
  assert.ok(base);
  const record = { ...base, ended: { reason: 'DeadlineExceeded' as const, message: '', atMs: 1 } };
  assert.equal(mergeRecord(record, { uid: 'other' }, '').ended, undefined);
  assert.equal(mergeRecord(record, { revision: 'r' }, '').ended?.atMs, 1);
});
