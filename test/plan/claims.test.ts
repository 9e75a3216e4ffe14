import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActualVolume } from '../../src/model/actual.ts';
import type { Key } from '../../src/model/key.ts';
import { desiredOf, nothingBut, planOf, textOf } from './scenario.ts';

const { desired } = desiredOf(`apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data, annotations: { volume.podman.io/import-source: /srv/data.tar } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  containers: [{ name: main, image: app:1, volumeMounts: [{ name: data, mountPath: /data }] }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]`);
const key = 'PersistentVolumeClaim/default/data' as Key;
const volume: ActualVolume = { name: 'data', owner: 'podstead', key, uid: undefined };
const having = (found: ActualVolume) => nothingBut(['app:1'], { volumes: new Map([['data', found]]) });

test('makePlan() goes on with a volume that was filled in part, and the pod waits for it', () => {
  const text = textOf(planOf(desired, having({ ...volume, halfFilled: true }))).join('\n');
  assert.match(text, /1\. create volume data, filled from \/srv\/data.tar/);
  assert.match(text, /2\. create pod a <- 1\n/);
});

test('makePlan() leaves a volume alone that is whole', () => {
  assert.doesNotMatch(textOf(planOf(desired, having(volume))).join('\n'), /create volume/);
});

test('makePlan() holds a pod back whose volume is under way or rests after a failure', () => {
  for (const actual of [nothingBut(['app:1']), having({ ...volume, halfFilled: true })]) {
    const text = textOf(planOf(desired, actual, { busy: new Set([key]) })).join('\n');
    assert.match(
      text,
      /hold Pod\/default\/a: its volume 'data' is not made yet: see PersistentVolumeClaim\/default\/data/,
    );
    assert.doesNotMatch(text, /create container/);
  }
});
