import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual, ActualPod, ContainerState } from '../../src/model/actual.ts';
import type { Key } from '../../src/model/key.ts';
import { applied, desiredOf, planOf, textOf } from './scenario.ts';

const key: Key = 'Pod/default/a';
const { desired } = desiredOf(`
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  containers:
    - { name: main, image: app:1 }
    - { name: side, image: app:1 }
`);

/** The host where the pod runs, with something of the pod otherwise. */
function hostWith(change: (pod: ActualPod) => Partial<ActualPod>): Actual {
  const actual = applied(desired);
  const pod = actual.pods.get(key);
  assert.ok(pod);
  return { ...actual, pods: new Map([[key, { ...pod, ...change(pod) }]]) };
}

function mainIn(state: ContainerState): (pod: ActualPod) => Partial<ActualPod> {
  return ({ containers }) => ({
    containers: new Map([...containers].map(([name, each]) => [name, name === 'main' ? { ...each, state } : each])),
  });
}

test('makePlan() makes pods anew that --refresh names by their uid, and no other', () => {
  const actual = applied(desired);
  const uid = actual.pods.get(key)?.uid ?? '';
  const refreshed = planOf(desired, actual, { refresh: new Set([uid]) });
  assert.deepEqual(
    refreshed.changes.map(({ op, why }) => [op, why]),
    [['recreate', '--refresh asks for it']],
  );
  assert.deepEqual(planOf(desired, actual, { refresh: new Set(['another']) }).steps, []);
});

test('makePlan() carries on a removal that has begun, without a stop before it, and leaves the rest of the pod alone', () => {
  const steps = textOf(planOf(desired, hostWith(mainIn('removing')))).filter(line => /^\d/.test(line));
  assert.deepEqual(steps.map(line => line.replace(/^\d+\. /, '').replace(/ <-.*/, '')).slice(0, 3), [
    'remove container main',
    'create container a-main',
    'start container a-main',
  ]);
  assert.ok(!steps.some(line => /stop|side/.test(line)), steps.join('\n'));
});

test('makePlan() recreates a pod whose sandbox is being removed', () => {
  const actual = hostWith(({ infra }) => ({ infra: { ...infra, state: 'removing' } }));
  assert.deepEqual(
    planOf(desired, actual).changes.map(({ op, why }) => [op, why]),
    [['recreate', 'its sandbox is being removed']],
  );
});
