import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerState } from '../../src/model/actual.ts';
import { applied, desiredOf, planOf, textOf, withContainer } from './scenario.ts';

const pod = (resources: string, more = ''): string => `apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  containers:
    - { name: main, image: app:1, resources: { ${resources} }${more} }
    - { name: side, image: app:1 }`;

const small = 'limits: { cpu: 500m, memory: 64Mi }';
const large = 'limits: { cpu: 500m, memory: 128Mi }';
const inPlace = [
  "update Pod/default/a: container 'main' has other resources",
  '1. set limits of container main',
  '2. note it in the record of Pod/default/a <- 1',
];
const replaced = "replace Pod/default/a: container 'main' has other resources";
const resize = (resource: string, restartPolicy = 'RestartContainer'): string =>
  `, resizePolicy: [{ resourceName: ${resource}, restartPolicy: ${restartPolicy} }]`;

const cases: readonly (readonly [string, string, string, readonly string[] | string])[] = [
  ['another limit', pod(small), pod(large), inPlace],
  ['a new limit', pod('limits: { memory: 64Mi }'), pod(small), inPlace],
  ['another request', pod('requests: { cpu: 1 }'), pod('requests: { cpu: 2 }'), inPlace],
  ['a limit that is taken away', pod(small), pod('limits: { memory: 64Mi }'), replaced],
  ['a limit that wants a restart', pod(small, resize('memory')), pod(large, resize('memory')), replaced],
  ['a limit that wants none beside one that does', pod(small, resize('cpu')), pod(large, resize('cpu')), inPlace],
  [
    'a limit that says so',
    pod(small, resize('memory', 'NotRequired')),
    pod(large, resize('memory', 'NotRequired')),
    inPlace,
  ],
];
for (const [name, before, after, want] of cases) {
  test(`makePlan() with an engine that keeps limits, of ${name}`, () => {
    const plan = planOf(desiredOf(after).desired, applied(desiredOf(before).desired), { keepsLimits: true });
    const text = textOf(plan);
    if (typeof want === 'string') assert.equal(text[0], want);
    else assert.deepEqual(text, want);
  });
}

test('makePlan() replaces a container for other limits where the engine does not keep them', () => {
  const plan = planOf(desiredOf(pod(large)).desired, applied(desiredOf(pod(small)).desired));
  assert.equal(textOf(plan)[0], replaced);
});

test('makePlan() gives limits and starts what has ended, in one plan', () => {
  const state: ContainerState = 'exited';
  const ended = applied(desiredOf(pod(small)).desired, each => withContainer(each, 'main', { state, exitedAtMs: 1 }));
  const text = textOf(planOf(desiredOf(pod(large)).desired, ended, { keepsLimits: true }));
  assert.match(text.join('\n'), /set limits of container main[\s\S]*start container a-main/);
});

test('makePlan() replaces a container that differs besides, and sets no limits of what goes', () => {
  const after = desiredOf(pod(large).replace('image: app:1, res', 'image: app:2, res')).desired;
  const text = textOf(planOf(after, applied(desiredOf(pod(small)).desired), { keepsLimits: true }));
  assert.equal(text[0], "replace Pod/default/a: container 'main' differs");
  assert.doesNotMatch(text.join('\n'), /set limits/);
});
