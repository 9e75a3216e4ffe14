import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { load } from '../../src/manifest/load.ts';
import type { KubeObject } from '../../src/manifest/object.ts';
import { codes, deployment, pod, read, readOne } from './read.ts';

const config = (name: string, rest = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${rest}`;
const keys = (objects: readonly KubeObject[]): string[] => objects.map(object => `${object.key} ${object.usable}`);

test('load() gives key, namespace, name, directory and origin of an object', () => {
  const { key, kind, namespace, name, directory, origin, usable } = readOne(
    `# a comment\n${config('web, namespace: shop')}`,
  );
  assert.deepEqual(
    { key, kind, namespace, name, directory, origin, usable },
    {
      key: 'ConfigMap/shop/web',
      kind: 'ConfigMap',
      namespace: 'shop',
      name: 'web',
      directory: '/manifests',
      origin: { file: 'a.yaml', line: 2, column: 1 },
      usable: true,
    },
  );
});

test("load() fills in Kubernetes' defaults of a Pod", () => {
  const object = readOne(
    pod(
      'volumes: [{name: a, emptyDir: }, {name: b, configMap: {name: c}}, {name: d, secret: {secretName: e}}, {name: f, hostPath: {path: /g}}]',
      'ports: [{containerPort: 80}]\nresources: {limits: {cpu: 1, memory: 64Mi}, requests: {cpu: 0.5}}',
    ),
  );
  assert.equal(object.kind, 'Pod');
  assert.deepEqual(object.object, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', configMap: { name: 'c', defaultMode: 420 } },
        { name: 'd', secret: { secretName: 'e', defaultMode: 420 } },
        { name: 'f', hostPath: { path: '/g', type: '' } },
      ],
      containers: [
        {
          name: 'main',
          image: 'example.com/web:1',
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '0.5', memory: '64Mi' } },
        },
      ],
    },
  });
});

test("load() fills in Kubernetes' defaults of a Deployment", () => {
  const object = readOne(
    deployment('', 'hostNetwork: true').replace('"example.com/web:1"', 'a, ports: [{containerPort: 80}]'),
  );
  assert.equal(object.kind, 'Deployment');
  if (object.kind !== 'Deployment') return;
  const { spec } = object.object;
  assert.equal(spec?.replicas, 1);
  assert.deepEqual(spec?.strategy, { type: 'RollingUpdate' });
  assert.deepEqual(spec?.template.spec?.containers, [
    {
      name: 'main',
      image: 'a',
      imagePullPolicy: 'Always',
      ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
    },
  ]);
});

test("load() fills in Kubernetes' defaults of probes, hooks and volumes, and of what is written empty", () => {
  const { kind, object } = readOne(
    pod(
      'restartPolicy: ""\nterminationGracePeriodSeconds: -5\nvolumes: [{name: a, projected: {sources: [{downwardAPI: {items: [{path: b, fieldRef: {fieldPath: metadata.name}}]}}]}}]',
      'imagePullPolicy: ""\nargs: [~, a]\nlivenessProbe: {httpGet: {port: 80}, periodSeconds: 0}\nlifecycle: {postStart: {httpGet: {port: 80, scheme: HTTPS}}}\nports: [{containerPort: 80, protocol: ""}]',
    ),
  );
  assert.equal(kind, 'Pod');
  if (kind !== 'Pod') return;
  const [container] = object.spec?.containers ?? [];
  assert.equal(object.spec?.restartPolicy, 'Always');
  assert.equal(object.spec?.terminationGracePeriodSeconds, 1);
  assert.deepEqual(object.spec?.volumes?.[0]?.projected, {
    defaultMode: 420,
    sources: [{ downwardAPI: { items: [{ path: 'b', fieldRef: { fieldPath: 'metadata.name', apiVersion: 'v1' } }] } }],
  });
  assert.equal(container?.imagePullPolicy, 'IfNotPresent');
  assert.deepEqual(container?.args, ['', 'a']);
  assert.deepEqual(container?.livenessProbe, {
    httpGet: { port: 80, path: '/', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.deepEqual(container?.lifecycle?.postStart?.httpGet, { port: 80, path: '/', scheme: 'HTTPS' });
  assert.deepEqual(container?.ports, [{ containerPort: 80, protocol: 'TCP' }]);
});

const policies = [
  ['a', 'Always'],
  ['a:latest', 'Always'],
  ['a:1', 'IfNotPresent'],
  ['localhost:5000/a', 'Always'],
  ['localhost:5000/a:1', 'IfNotPresent'],
  [`a@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
] as const;
for (const [image, want] of policies) {
  test(`load() pulls ${image} ${want}`, () => {
    const { kind, object } = readOne(pod().replace('example.com/web:1', image));
    assert.equal(kind === 'Pod' && object.spec?.containers[0]?.imagePullPolicy, want);
  });
}

test('load() takes nulls as absent, and as empty texts in data', () => {
  const { object } = readOne(config('a', 'data: {b: , c: ""}\nbinaryData: null\n'));
  assert.deepEqual(object, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'default' },
    data: { b: '', c: '' },
  });
});

test('load() reads lists, typed ones and lists in lists', () => {
  const item = (name: string): string => `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}`;
  const text = `{apiVersion: v1, kind: List, items: [${item('a')}, {apiVersion: v1, kind: List, items: [${item('b')}]}]}
---
{apiVersion: v1, kind: ConfigMapList, items: [{metadata: {name: c}}]}
---
{apiVersion: v1, kind: List, items: }`;
  const { objects, problems } = read(text);
  assert.deepEqual(problems, []);
  assert.deepEqual(keys(objects), ['ConfigMap/default/a true', 'ConfigMap/default/b true', 'ConfigMap/default/c true']);
});

test('load() refuses both of two objects with one key, and names both places', () => {
  const { objects, problems } = load(
    [
      { path: 'a.yaml', directory: '/', text: config('web') },
      { path: 'b.yaml', directory: '/', text: `${config('other')}---\n${config('web, namespace: default')}` },
    ],
    { strict: false },
  );
  assert.deepEqual(keys(objects), ['ConfigMap/default/web false', 'ConfigMap/default/other true']);
  assert.deepEqual(
    problems.map(({ file, line, code, key, message }) => ({
      file,
      line,
      code,
      key,
      names: message.includes('a.yaml:3'),
    })),
    [{ file: 'b.yaml', line: 7, code: 'DUPLICATE_OBJECT', key: 'ConfigMap/default/web', names: true }],
  );
});

const faulty: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ['an empty file', '', [], []],
  ['a comment', '# nothing\n---\n', [], []],
  ['a text', 'hello\n', ['1:1 error NOT_AN_OBJECT'], []],
  ['values of a chart', 'replicas: 2\n', ['1:1 error NOT_AN_OBJECT'], []],
  ['a NUL byte', 'a: b\nc: \0\n', ['2:4 error FILE_NOT_TEXT'], []],
  ['a list of objects', '- {apiVersion: v1, kind: Pod}\n', ['1:1 error NOT_AN_OBJECT'], []],
  ['no kind', 'apiVersion: v1\n', ['1:1 error FIELD_REQUIRED'], []],
  ['no version', 'kind: Pod\nmetadata: {name: a}\n', ['1:1 error FIELD_REQUIRED'], ['Pod/default/a false']],
  ['an old version', config('a').replace('v1', 'v1beta1'), ['1:1 error API_VERSION'], ['ConfigMap/default/a false']],
  [
    'another kind of Kubernetes',
    'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n',
    ['2:1 warning KIND_UNSUPPORTED'],
    [],
  ],
  ['a custom resource', 'apiVersion: serving.knative.dev/v1\nkind: Service\n', ['2:1 warning KIND_UNSUPPORTED'], []],
  ['a misspelt kind', config('a').replace('ConfigMap', 'Configmap'), ['2:1 error KIND_UNKNOWN'], []],
  [
    'a duplicate key',
    config('a', 'data: {x: "1", x: "2"}\n'),
    ['4:16 error YAML_DUPLICATE_KEY'],
    ['ConfigMap/default/a false'],
  ],
  ['one broken document of two', `${config('a')}---\nb: [\n`, ['5:5 error YAML_SYNTAX'], ['ConfigMap/default/a true']],
  [
    'metadata of the wrong type',
    'apiVersion: v1\nkind: Pod\nmetadata: x\n',
    ['1:1 error FIELD_REQUIRED', '3:1 error FIELD_TYPE'],
    [],
  ],
  ['a name of the wrong type', config('1'), ['3:12 error FIELD_TYPE'], []],
];
for (const [name, text, problems, objects] of faulty) {
  test(`load() of ${name}`, () => {
    const loaded = read(text);
    assert.deepEqual(codes(loaded.problems), problems);
    assert.deepEqual(keys(loaded.objects), objects);
  });
}

test('load() refuses a file beyond its limit', () => {
  const { problems } = load([{ path: 'a.yaml', directory: '/', text: config('a') }], {
    strict: false,
    limits: { characters: 9 },
  });
  assert.deepEqual(codes(problems), ['1:1 error FILE_TOO_LARGE']);
});

test('load() collects findings of types, values and references at once, each once', () => {
  const { problems } = read(
    `${pod('restartPolicy: always', 'volumeMounts: [{name: x, mountPath: /x}]\nenv: [{name: A, value: 1}]\nbogus: 1')}`,
  );
  assert.deepEqual(codes(problems), [
    '5:3 error FIELD_VALUE',
    '9:21 error REFERENCE_MISSING',
    '10:21 error FIELD_TYPE',
    '11:5 error FIELD_UNKNOWN',
  ]);
});

test('load() says of a mistyped value only that, though its words are limited, too', () => {
  assert.deepEqual(codes(read(pod('restartPolicy: 5')).problems), ['5:3 error FIELD_TYPE']);
  assert.deepEqual(codes(read(pod('restartPolicy: {toString: 0}')).problems), ['5:3 error FIELD_TYPE']);
  assert.deepEqual(codes(read(deployment('', 'restartPolicy: always')).problems), ['9:7 error FIELD_VALUE']);
  assert.deepEqual(codes(read('{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {b: 1}}').problems), [
    '1:60 error FIELD_TYPE',
  ]);
});

const scalars: readonly (readonly [string, string, boolean])[] = [
  ['a whole number with a point', 'replicas: 1.0', true],
  ['a whole number with an exponent', 'replicas: 2e0', true],
  ['a fraction', 'replicas: 1.5', false],
  ['a number in quotes', 'replicas: "1"', false],
  ['a number of more than 32 bits', 'replicas: 2147483648', false],
  ['a word for true', 'paused: on', true],
  ['a word for true in quotes', 'paused: "on"', false],
  ['a number for true', 'paused: 1', false],
  ['nothing', 'paused:', true],
  ['another case of a field', 'Paused: true', false],
];
for (const [name, line, right] of scalars) {
  test(`load() ${right ? 'takes' : 'refuses'} ${name}`, () => {
    const errors = read(deployment(line)).problems.filter(each => each.severity === 'error');
    assert.equal(errors.length, right ? 0 : 1, JSON.stringify(errors));
  });
}

const hints: readonly (readonly [string, string, RegExp])[] = [
  ['a misspelt field', pod('', 'imagee: x'), /"image"/],
  ['a field at the wrong level', pod('ports: []'), /Container/],
  ['a misspelt kind', 'apiVersion: apps/v1\nkind: Deploymnet\n', /"Deployment"/],
  ['an old version', 'apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n', /apps\/v1"/],
  ['a misspelt value', pod('restartPolicy: onfailure'), /"OnFailure"/],
  ['a number as a text', config('a', 'data: {b: 1}\n'), /quotes/],
  ['a boolean as a text', config('a', 'data: {b: yes}\n'), /yes/],
  ['a text as a list', pod('', 'command: sleep 1'), /list/],
  ['a map as a list', pod('volumes: {a: b}'), /"- "/],
  ['a decimal mode', pod('volumes: [{name: a, secret: {secretName: a, defaultMode: 644}}]'), /octal/],
  ['a unit of bytes', pod('', 'resources: {limits: {memory: 5mb}}'), /"5Mi"/],
  ['thousandths of bytes', pod('', 'resources: {limits: {memory: 512m}}'), /"512Mi"/],
  ['an unknown volume', pod('volumes: [{name: data}]', 'volumeMounts: [{name: dta, mountPath: /a}]'), /"data"/],
  ['kustomize', 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n', /kustomize/],
  ['a template', 'apiVersion: v1\nkind: Pod\nmetadata: {{ .Values.x }}x\n', /helm template/],
  ['a tab', 'a:\n\tb: 1\n', /spaces/],
  ['a cut file', 'a: {b: "c', /cut off/],
];
for (const [name, text, want] of hints) {
  test(`load() gives a hint for ${name}`, () => assert.match(read(text).problems[0]?.hint ?? '', want));
}

test('load() shows no value and no line of a Secret', () => {
  const secret = (rest: string): string => `apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n${rest}`;
  const texts = [
    secret('data: {a: "hunter2!"}\n'),
    secret('data: {a: 4711}\n'),
    secret('data: [hunter2]\n'),
    secret('data: hunter2\n'),
    secret('datta: {a: hunter2}\n'),
    secret('stringData: {a: *hunter2}\n'),
    secret('stringData: {a: !hunter2 x}\n'),
    secret('stringData: {a: "hunter2\n'),
    secret('stringData:\n\ta: hunter2\n'),
    secret('stringData: {a: hunter2, a: hunter2}\n'),
    secret('stringData: {a: hunter2}\ntype: kubernetes.io/dockerconfigjson\n'),
    secret('stringData: {.dockerconfigjson: hunter2}\ntype: kubernetes.io/dockerconfigjson\n'),
    secret('stringData: {a: hunter2}\n').replace('Secret', 'Secrt'),
    secret('data: {a: "hunter2!"}\n').replace('Secret', 'secret'),
    secret('data: {a: "hunter2!"}\n').replace('v1', 'v2'),
    pod('', 'env: [{name: A, value: 4711, valueFrom: {}}]'),
  ];
  for (const text of texts) {
    const { problems } = read(text);
    assert.ok(problems.length > 0, text);
    assert.doesNotMatch(inspect(problems, { depth: 9 }), /hunter2|4711/, text);
  }
});
