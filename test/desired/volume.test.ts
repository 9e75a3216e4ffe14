import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapText } from '../../src/desired/downward.ts';
import type { DesiredFiles, DesiredPod } from '../../src/model/desired.ts';
import { isSealed } from '../../src/model/sealed.ts';
import { desiredOf } from '../plan/scenario.ts';

const pod = (volumes: string, more: { readonly container?: string; readonly spec?: string } = {}): string => `
apiVersion: v1
kind: Pod
metadata: { name: p, labels: { a: b }, annotations: { x/y: z } }
spec:
  ${more.spec ?? ''}
  containers:
    - { name: c, image: 'x:1', resources: { limits: { memory: 100M } } ${more.container ?? ''} }
  volumes: [${volumes}]
`;
const config = (name: string, data: string): string =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: ${data}\n`;

function one(yaml: string): DesiredPod {
  const { desired, problems } = desiredOf(yaml);
  assert.deepEqual(problems, []);
  const found = desired.pods.get('Pod/default/p');
  assert.ok(found);
  return found;
}

function filesOf(found: DesiredPod): DesiredFiles {
  const [volume] = found.volumes;
  assert.ok(volume?.type === 'files');
  return volume;
}

function contents(found: DesiredPod): Readonly<Record<string, unknown>> {
  const entries = filesOf(found).entries.map(({ path, content }) => {
    return [path, isSealed(content) ? Buffer.from(content.reveal()).toString() : content.parts];
  });
  return Object.fromEntries(entries);
}

const faults = (yaml: string): readonly string[] =>
  desiredOf(yaml).problems.map(({ code, message }) => `${code} ${message}`);

test('mapText() writes labels and annotations as the kubelet does', () => {
  assert.equal(
    mapText({ b: '2', a: 'é "\\\n\t\u0001\u00ad\u{e0001}' }),
    'a="é \\"\\\\\\n\\t\\x01\\u00ad\\U000e0001"\nb="2"',
  );
  assert.equal(mapText(undefined), '');
});

test('a projected volume joins its sources; of two files with one path the later one stands', () => {
  const sources =
    '{ configMap: { name: m } }, { configMap: { name: other } }, { configMap: { name: gone, optional: true } }';
  const found = one(
    `${pod(`{ name: v, projected: { sources: [${sources}] } }`)}${config('m', '{ a: "1", b: "1" }')}${config('other', '{ b: "2" }')}`,
  );
  assert.deepEqual(contents(found), { a: '1', b: '2' });
  assert.equal(filesOf(found).from, 'ConfigMap/default/m, ConfigMap/default/other, ConfigMap/default/gone');
});

test('a downwardAPI volume tells what the manifest says, and leaves to the host what only it knows', () => {
  const item = (path: string, field: string): string => `{ path: ${path}, fieldRef: { fieldPath: "${field}" } }`;
  const resource = (path: string, name: string): string =>
    `{ path: ${path}, resourceFieldRef: { containerName: c, resource: ${name} } }`;
  const items = [
    item('labels', 'metadata.labels'),
    item('one', "metadata.annotations['x/y']"),
    item('none', "metadata.labels['none']"),
    item('uid', 'metadata.uid'),
    resource('memory', 'limits.memory'),
    resource('cpu', 'limits.cpu'),
    resource('asked', 'requests.cpu'),
  ];
  assert.deepEqual(contents(one(pod(`{ name: v, downwardAPI: { items: [${items.join(', ')}] } }`))), {
    asked: '0',
    cpu: [{ amount: 'cpu', divisorMilli: 1000 }],
    labels: 'a="b"',
    memory: '100000000',
    none: '',
    one: 'z',
    uid: [{ field: 'metadata.uid' }],
  });
});

test('files change their digest and nothing else does, so that nothing restarts', () => {
  const volume = '{ name: v, downwardAPI: { items: [{ path: l, fieldRef: { fieldPath: metadata.labels } }] } }';
  const yaml = pod(volume, { container: ', volumeMounts: [{ name: v, mountPath: /v }]' });
  const [before, after] = [one(yaml), one(yaml.replace('labels: { a: b }', 'labels: { a: c }'))];
  assert.notEqual(filesOf(before).digest, filesOf(after).digest);
  assert.equal(before.containers[0]?.digest, after.containers[0]?.digest);
  assert.equal(before.sandbox.digest, after.sandbox.digest);
});

const mounted = (mount: string, env = ''): string =>
  pod('{ name: v, emptyDir: {} }', {
    container: `, env: [${env}], volumeMounts: [{ name: v, mountPath: /v, ${mount} }]`,
  });
const expressions: readonly (readonly [string, string, string | undefined, string])[] = [
  ['takes variables of the container', '{ name: A, value: x }', 'a/x', 'a/$(A)'],
  ['keeps a dollar that is written twice', '{ name: A, value: x }', 'a/$(A)', 'a/$$(A)'],
  ['refuses an unknown variable', '', undefined, 'a/$(NONE)'],
  ['refuses a way out of the volume', "{ name: A, value: '../..' }", undefined, '$(A)'],
  ['refuses an absolute path', '{ name: A, value: /etc }', undefined, '$(A)'],
];
for (const [name, env, want, expression] of expressions) {
  test(`subPathExpr ${name}`, () => {
    const yaml = mounted(`subPathExpr: '${expression}'`, env);
    if (want === undefined) assert.match(faults(yaml).join(), /^(REFERENCE|FIELD)_\w+ Cannot/);
    else assert.equal(one(yaml).containers[0]?.mounts[0]?.subPath, want);
  });
}

test('subPathExpr leaves the name of the pod to the host, and no pod of a Deployment has another digest for it', () => {
  const yaml = mounted(
    "subPathExpr: 'logs/$(POD)'",
    '{ name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }',
  );
  const [container] = one(yaml).containers;
  assert.deepEqual(container?.mounts[0]?.subPath, { parts: ['logs/', { field: 'metadata.name' }] });
});

test('a part of an image is not mounted: an older engine would mount all of it', () => {
  const volume = "{ name: v, image: { reference: 'y:1' } }";
  const mount = (more: string): string => `, volumeMounts: [{ name: v, mountPath: /v${more} }]`;
  assert.match(
    faults(pod(volume, { container: mount(', subPath: a') })).join(),
    /FIELD_UNSUPPORTED .*part of an image/,
  );
  const { desired } = desiredOf(pod(volume, { container: mount('') }));
  assert.deepEqual([...desired.images.keys()], ['x:1', 'y:1']);
});

test('fsGroup is one more group of the processes, and a field of the sandbox', () => {
  const with_ = one(pod('', { spec: 'securityContext: { fsGroup: 7, supplementalGroups: [8, 7] }' }));
  assert.deepEqual(with_.fsGroup, { gid: 7, onRootMismatch: false });
  assert.deepEqual(with_.containers[0]?.security.groups, ['8', '7']);
  assert.notEqual(
    with_.sandbox.digest,
    one(pod('', { spec: 'securityContext: { supplementalGroups: [8, 7] }' })).sandbox.digest,
  );
});

test("a claim's annotations are the driver and the options of its volume", () => {
  const claim = (annotations: string): string => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: d, annotations: { ${annotations} } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }`;
  const of = (annotations: string): unknown => {
    const { driver, options } = desiredOf(claim(annotations)).desired.volumes.get('d') ?? {};
    return { driver, options };
  };
  assert.deepEqual(of("volume.podman.io/image: 'x:1'"), { driver: 'image', options: { image: 'x:1' } });
  assert.deepEqual(of("volume.podman.io/driver: mine, volume.podman.io/uid: '5', volume.podman.io/mount-options: ro"), {
    driver: 'mine',
    options: { o: 'ro,uid=5' },
  });
});

test('a claim is filled from an archive by its absolute path, and only where the engine has its data', () => {
  const claim = (annotations: string): string => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: d, annotations: { ${annotations} } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }`;
  const source = 'volume.podman.io/import-source';
  const sound = desiredOf(claim(`${source}: /srv/d.tar`));
  assert.deepEqual([sound.problems, sound.desired.volumes.get('d')?.importSource], [[], '/srv/d.tar']);
  const codes = (annotations: string): readonly string[] =>
    desiredOf(claim(annotations)).problems.map(({ code }) => code);
  assert.deepEqual(codes(`${source}: d.tar`), ['FIELD_VALUE']);
  assert.deepEqual(codes(`${source}: /srv/d.tar, volume.podman.io/device: /dev/sdb1`), ['FIELD_UNSUPPORTED']);
});

test('an image volume that is built from a directory makes another container when that changes', () => {
  const yaml = pod("{ name: v, image: { reference: 'localhost/pictures:1' } }", {
    container: ', volumeMounts: [{ name: v, mountPath: /v }]',
  });
  const built = (context: string): { readonly digest?: string | undefined; readonly builds: boolean } => {
    const { desired } = desiredOf(yaml, { pictures: context });
    const digest = desired.pods.get('Pod/default/p')?.containers[0]?.digest;
    return { digest, builds: desired.images.get('localhost/pictures:1')?.build?.digest === context };
  };
  const [one, other] = [built('d1'), built('d2')];
  assert.ok(one.builds && other.builds);
  assert.notEqual(one.digest, other.digest);
});
