import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolve } from '../../src/desired/resolve.ts';
import { load } from '../../src/manifest/load.ts';
import type { Problem } from '../../src/model/problem.ts';
import { isSealed } from '../../src/model/sealed.ts';
import type { BuildContext } from '../../src/model/source.ts';
import { desiredOf } from '../plan/scenario.ts';

const pod = (name: string, container = '', more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers:
    - { name: c, image: localhost/web:1 ${container} }
${more}`;

const codes = (problems: readonly Problem[]): readonly string[] =>
  problems.map(({ code, key }) => `${code} ${key ?? ''}`.trim());

test('resolve() refuses a pod whose reference is missing, and that pod alone', () => {
  const { desired, problems } = desiredOf(`${pod('a', ', envFrom: [{ configMapRef: { name: none } }]')}---${pod('b')}`);
  assert.deepEqual(codes(problems), ['REFERENCE_UNSUPPORTED Pod/default/a']);
  assert.deepEqual([...desired.pods.keys()], ['Pod/default/b']);
  assert.ok(desired.held.has('Pod/default/a'));
  assert.equal(desired.complete, false);
});

test('resolve() passes over a ConfigMap and a Secret whose data is of another type', () => {
  const broken = (kind: string, data: string): string => `
apiVersion: v1
kind: ${kind}
metadata: { name: bad }
data: ${data}
`;
  const texts = [broken('ConfigMap', '{ a: { b: c } }'), broken('Secret', '{ a: [1] }'), broken('Secret', '5')];
  for (const text of texts) {
    const { desired } = desiredOf(`${text}---${pod('a')}`);
    assert.deepEqual([...desired.pods.keys()], ['Pod/default/a']);
  }
});

test('resolve() gives a container another name where a pod or container of ours has it', () => {
  const { desired, problems } = desiredOf(`${pod('a-b')}---${pod('a').replace('name: c,', 'name: b-c,')}`);
  assert.deepEqual(codes(problems), ['NAME_CLASH Pod/default/a-b']);
  const names = [...desired.pods.values()].flatMap(each => each.containers.map(container => container.engineName));
  assert.equal(new Set(names).size, 2);
  assert.equal(desired.complete, true, 'a warning holds back nothing');
});

test('resolve() gives a contested host port to the first by key, whatever the order of documents', () => {
  const port = ', ports: [{ containerPort: 1, hostPort: 8080 }]';
  const [a, b] = [pod('a', port), pod('b', port)];
  for (const documents of [`${a}---${b}`, `${b}---${a}`]) {
    const { desired, problems } = desiredOf(documents);
    assert.deepEqual(codes(problems), ['PORT_CLASH Pod/default/b']);
    assert.deepEqual([...desired.pods.keys()], ['Pod/default/a']);
  }
});

test('resolve() seals what comes from Secrets, keeps it out of the digest, and tells changes by another one', () => {
  const secret = (value: string): string => `
apiVersion: v1
kind: Secret
metadata: { name: s }
stringData: { k: ${value} }
---${pod('a', ', env: [{ name: K, valueFrom: { secretKeyRef: { name: s, key: k } } }, { name: U, value: "x$(K)" }]')}`;
  const [one, other] = ['one', 'other'].map(
    value => desiredOf(secret(value)).desired.pods.get('Pod/default/a')?.containers[0],
  );
  assert.ok(one && other);
  assert.ok(one.env.every(({ value }) => isSealed(value)));
  assert.equal(one.digest, other.digest);
  assert.notEqual(one.secretDigest, other.secretDigest);
  assert.doesNotMatch(JSON.stringify(one), /one/);
});

test('resolve() refuses a Secret in an argument, where every user of the host could read it', () => {
  const yaml = `
apiVersion: v1
kind: Secret
metadata: { name: s }
stringData: { k: v }
---${pod('a', ', command: ["x", "$(K)"], env: [{ name: K, valueFrom: { secretKeyRef: { name: s, key: k } } }]')}`;
  assert.deepEqual(codes(desiredOf(yaml).problems), ['FIELD_UNSUPPORTED Pod/default/a']);
});

test('resolve() puts the values of ConfigMaps in environments into the digest, and not the files of volumes', () => {
  const config = (value: string, how: string): string => `
apiVersion: v1
kind: ConfigMap
metadata: { name: m }
data: { k: ${value} }
---${how}`;
  const digestOf = (yaml: string): string | undefined =>
    desiredOf(yaml).desired.pods.get('Pod/default/a')?.containers[0]?.digest;
  const env = pod('a', ', envFrom: [{ configMapRef: { name: m } }]');
  assert.notEqual(digestOf(config('one', env)), digestOf(config('two', env)));
  const files = pod(
    'a',
    ', volumeMounts: [{ name: v, mountPath: /v }]',
    '  volumes: [{ name: v, configMap: { name: m } }]',
  );
  assert.equal(digestOf(config('one', files)), digestOf(config('two', files)));
});

test('resolve() names a Deployment by what it runs, so that resources and labels rename nothing', () => {
  const deployment = (command: string, label: string, memory: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web, extra: ${label} } }
    spec:
      containers: [{ name: c, image: 'x:1', command: [${command}], resources: { limits: { memory: ${memory} } } }]`;
  const key = (...args: [string, string, string]): string | undefined =>
    [...desiredOf(deployment(...args)).desired.pods.keys()][0];
  assert.equal(key('run', 'a', '64Mi'), key('run', 'b', '96Mi'));
  assert.notEqual(key('run', 'a', '64Mi'), key('walk', 'a', '64Mi'));
});

test('resolve() refuses a pod whose build context cannot be read whole', () => {
  const files = [{ path: 'a.yaml', directory: '/src', text: pod('a') }];
  const context: BuildContext = { directory: '/src/web', file: 'Containerfile', digest: 'd', unreadable: true };
  const loaded = load(files, { strict: false });
  const snapshot = {
    revision: '',
    files,
    contexts: new Map([[context.directory, context]]),
    problems: [],
    identity: '',
    busy: false,
  };
  const { desired, problems } = resolve(loaded.objects, snapshot, [], { owner: 'podstead' });
  assert.deepEqual(codes(problems), ['FILE_UNREADABLE Pod/default/a']);
  assert.equal(desired.pods.size, 0);
});
