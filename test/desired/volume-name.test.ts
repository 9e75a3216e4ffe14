import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf } from '../plan/scenario.ts';

const claim = (name: string, volume?: string): string => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name}${volume === undefined ? '' : `, annotations: { podstead.dev/volume-name: '${volume}' }`} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }`;
const pod = (name: string, claimName: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers: [{ name: main, image: app:1, volumeMounts: [{ name: data, mountPath: /data }] }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: ${claimName} } }]`;

function look(...documents: readonly string[]) {
  const { desired, problems } = desiredOf(documents.join('\n---'));
  return { desired, problems: problems.map(({ code, key, line }) => `${code} ${key} ${line}`) };
}

test('podstead.dev/volume-name gives a claim the volume of that name, and is part of what its containers are', () => {
  const named = look(claim('data', 'My_Data'), pod('a', 'data'));
  assert.deepEqual(named.problems, []);
  assert.deepEqual([...named.desired.volumes.keys()], ['My_Data']);
  const a = named.desired.pods.get('Pod/default/a');
  assert.deepEqual(a?.volumes, [{ type: 'claim', name: 'data', engineName: 'My_Data', readOnly: false }]);
  const digestOf = (...documents: readonly string[]) =>
    look(...documents, pod('a', 'data')).desired.pods.get('Pod/default/a')?.containers[0]?.digest;
  const digests = [claim('data', 'My_Data'), claim('data', 'Other'), claim('data')].map(each => digestOf(each));
  assert.equal(new Set(digests).size, 3);
});

test('podstead.dev/volume-name refuses a volume that another claim has, and what no volume is named', () => {
  const { desired, problems } = look(claim('a', 'z'), claim('b', 'Odd'), claim('c', 'Odd'), claim('z'), pod('p', 'z'));
  assert.deepEqual(problems, [
    'NAME_CLASH PersistentVolumeClaim/default/a 4',
    'NAME_CLASH PersistentVolumeClaim/default/c 14',
  ]);
  assert.deepEqual([...desired.volumes].map(([name, { key }]) => `${name} ${key}`).sort(), [
    'Odd PersistentVolumeClaim/default/b',
    'z PersistentVolumeClaim/default/z',
  ]);
  assert.equal(desired.pods.size, 1);
  for (const wrong of ['', '-a', 'a/b', 'a b'])
    assert.deepEqual(look(claim('a', wrong)).problems, ['FIELD_VALUE PersistentVolumeClaim/default/a 4'], wrong);
});

test('podstead.dev/volume-name is read of claims alone', () => {
  const text = pod('a', 'data').replace('{ name: a }', '{ name: a, annotations: { podstead.dev/volume-name: x } }');
  assert.deepEqual(look(claim('data'), text).problems, ['FIELD_UNSUPPORTED Pod/default/a 9']);
});
