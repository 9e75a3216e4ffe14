import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf } from '../plan/scenario.ts';

const pod = (name: string, container: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers: [{ name: main, image: app:1, ports: [{ containerPort: 80, hostPort: 8080 }]${container} }]`;

test('resolve() lets an object that it refuses take no port from another', () => {
  const broken = pod('a', ', envFrom: [{ configMapRef: { name: none } }]');
  const { desired, problems } = desiredOf(`${broken}\n---${pod('b', '')}`);
  assert.deepEqual([...new Set(problems.map(({ key }) => key))], ['Pod/default/a']);
  assert.deepEqual([...desired.pods.keys()], ['Pod/default/b']);
  assert.deepEqual([...desired.held.keys()], ['Pod/default/a']);
});
