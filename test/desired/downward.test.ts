import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldValue, resourceValue } from '../../src/desired/downward.ts';
import { desiredOf } from '../plan/scenario.ts';

const speaker = {
  namespace: 'shop',
  metadata: { name: 'web', labels: { app: 'w' }, annotations: { 'example.com/note': 'n' } },
  spec: { containers: [], serviceAccountName: '' },
  annotationsAt: '/metadata/annotations',
};

for (const [path, want] of [
  ['metadata.namespace', 'shop'],
  ["metadata.labels['app']", 'w'],
  ["metadata.labels['none']", ''],
  ["metadata.annotations['example.com/note']", 'n'],
  ['spec.serviceAccountName', 'default'],
  ['metadata.name', { field: 'metadata.name' }],
  ['spec.host', { field: 'spec.nodeName' }],
  ['status.podIP', { field: 'status.podIP' }],
] as const) {
  test(`fieldValue() of ${path}`, () => assert.deepEqual(fieldValue(path, speaker), want));
}

const resources = { limits: { cpu: '1500m', memory: '100Mi' }, requests: { memory: '1' } };
for (const [resource, divisor, want] of [
  ['limits.cpu', undefined, '2'],
  ['limits.cpu', '1m', '1500'],
  ['limits.memory', '1Mi', '100'],
  ['requests.memory', '0', '1'],
  ['requests.cpu', '1m', '1500'],
] as const) {
  test(`resourceValue() of ${resource} by ${divisor ?? 'one'}`, () =>
    assert.equal(resourceValue({ resource, ...(divisor === undefined ? {} : { divisor }) }, resources), want));
}

test('resourceValue() without a limit is what the host has, and without a request nothing', () => {
  assert.deepEqual(resourceValue({ resource: 'limits.memory', divisor: '1Mi' }, {}), {
    amount: 'memory',
    divisorMilli: 1000 * 2 ** 20,
  });
  assert.equal(resourceValue({ resource: 'requests.memory' }, {}), '0');
  assert.equal(resourceValue({ resource: 'limits.ephemeral-storage' }, {}), undefined);
});

const pod = (env: string, more = '') => `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  ${more}
  containers: [{ name: c, image: localhost/web:1, env: [${env}] }]
`;
const ip = '{ name: IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }';

test("a pod whose containers are told its address has another sandbox, unless the address is the host's", () => {
  const digestOf = (text: string) => desiredOf(text).desired.pods.get('Pod/default/web')?.sandbox.digest;
  assert.notEqual(digestOf(pod(ip)), digestOf(pod('')));
  assert.equal(digestOf(pod(ip, 'hostNetwork: true')), digestOf(pod('', 'hostNetwork: true')));
});

test('a label that a variable takes in replaces the container when it changes', () => {
  const label = '{ name: L, valueFrom: { fieldRef: { fieldPath: "metadata.labels[\'app\']" } } }';
  const digestOf = (app: string) =>
    desiredOf(pod(label).replace('name: web }', `name: web, labels: { app: ${app} } }`)).desired.pods.get(
      'Pod/default/web',
    )?.containers[0]?.digest;
  assert.notEqual(digestOf('a'), digestOf('b'));
});

test('an amount that this host does not count refuses the pod', () => {
  const storage = '{ name: S, valueFrom: { resourceFieldRef: { resource: limits.ephemeral-storage } } }';
  const { problems, desired } = desiredOf(pod(storage));
  assert.deepEqual([problems.map(({ code }) => code), desired.pods.size], [['FIELD_VALUE'], 0]);
  assert.match(problems[0]?.hint ?? '', /resources of the container/);
});
