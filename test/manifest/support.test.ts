import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitions } from '../../src/manifest/generated/validators.js';
import { support } from '../../src/manifest/support.ts';
import { rowFor } from '../../src/manifest/unsupported.ts';
import type { Kind } from '../../src/model/key.ts';
import { codes, deployment, pod, read } from './read.ts';

const kinds = Object.keys(support) as Kind[];

/** Every field of a kind as a path; stops where a row decides about all that is below. */
function missing(kind: Kind, definition: string, path: string, depth = 0): string[] {
  const fields = Object.entries(definitions[definition] ?? {});
  if (fields.length === 0 || depth > 12) return [];
  return fields.flatMap(([field, type]) => {
    const here = path === '' ? field : `${path}.${field}`;
    const row = rowFor(kind, here);
    const deeper = support[kind].some(each => each.path.replaceAll('[]', '').startsWith(`${here}.`));
    if (deeper) return missing(kind, type, here, depth + 1);
    return row ? [] : [here];
  });
}

for (const kind of kinds) {
  test(`support has a verdict on every field of ${kind}`, () => {
    assert.ok(Object.keys(definitions[kind] ?? {}).length > 2);
    assert.deepEqual(missing(kind, kind, ''), []);
  });

  test(`support names no field of ${kind} that Kubernetes does not have`, () => {
    const unknown = support[kind].filter(({ path }) => !exists(kind, path.replaceAll('[]', '').split('.')));
    assert.deepEqual(
      unknown.map(row => row.path),
      [],
    );
  });

  test(`support has each path of ${kind} once`, () => {
    const paths = support[kind].map(row => row.path);
    assert.deepEqual(
      paths.filter((path, i) => paths.indexOf(path) !== i),
      [],
    );
  });
}

function exists(definition: string, [field = '', ...rest]: readonly string[]): boolean {
  const type = definitions[definition]?.[field];
  if (type === undefined) return false;
  return rest.length === 0 || type === '' || exists(type, rest);
}

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'warns about scheduling',
    pod('tolerations: [{key: a}]\nnodeSelector: {a: b}'),
    ['5:3 warning FIELD_UNSUPPORTED', '6:3 warning FIELD_UNSUPPORTED'],
  ],
  [
    'is silent about defaults',
    pod('dnsPolicy: ClusterFirst\nschedulerName: default-scheduler\nenableServiceLinks: false'),
    [],
  ],
  [
    'is silent about what a server adds',
    pod().replace('{name: web}', '{name: web, uid: x, creationTimestamp: null}'),
    [],
  ],
  [
    'takes probes and hooks',
    pod('', 'livenessProbe: {tcpSocket: {port: 80}}\nlifecycle: {preStop: {sleep: {seconds: 1}}}'),
    [],
  ],
  [
    'takes native sidecars, with probes and hooks',
    pod(
      'initContainers: [{name: i, image: "x:1", restartPolicy: Always, startupProbe: {tcpSocket: {port: 80}}, lifecycle: {preStop: {sleep: {seconds: 1}}}}]',
    ),
    [],
  ],
  [
    'refuses probes and hooks of init containers that end',
    pod('initContainers: [{name: i, image: "x:1", startupProbe: {tcpSocket: {port: 80}}, lifecycle: {}}]'),
    ['5:44 error FIELD_CONFLICT', '5:83 error FIELD_CONFLICT'],
  ],
  [
    'refuses other restart policies of single containers',
    pod('initContainers: [{name: i, image: "x:1", restartPolicy: OnFailure}]', 'restartPolicy: Never'),
    ['5:44 error FIELD_UNSUPPORTED', '9:5 error FIELD_UNSUPPORTED'],
  ],
  ['runs with fsGroup', pod('securityContext: {fsGroup: 5, runAsUser: 6}'), []],
  [
    'refuses tokens of service accounts',
    pod('volumes: [{name: a, projected: {sources: [{serviceAccountToken: {path: b}}]}}]'),
    ['5:46 error FIELD_UNSUPPORTED'],
  ],
  [
    'refuses other volume sources',
    pod('volumes: [{name: a, nfs: {server: b, path: /c}}]'),
    ['5:23 error FIELD_UNSUPPORTED'],
  ],
  [
    'refuses huge pages as a medium',
    pod('volumes: [{name: a, emptyDir: {medium: HugePages}}]'),
    ['5:34 error FIELD_UNSUPPORTED'],
  ],
  [
    'warns about other resources',
    pod('', 'resources: {limits: {cpu: 1, ephemeral-storage: 1Gi}}'),
    ['8:34 warning FIELD_UNSUPPORTED'],
  ],
  ['passes procMount Default', pod('', 'securityContext: {procMount: Default}'), []],
  [
    'takes procMount Unmasked only with hostUsers: false',
    pod('', 'securityContext: {procMount: Unmasked}'),
    ['8:23 error FIELD_CONFLICT'],
  ],
  [
    'warns about parameters of a roll-out',
    deployment('strategy: {rollingUpdate: {maxSurge: 2}}'),
    ['5:14 warning FIELD_UNSUPPORTED'],
  ],
  ['honours Recreate', deployment('strategy: {type: Recreate}'), []],
  ['looks into templates', deployment('', 'runtimeClassName: kata'), ['9:7 error FIELD_UNSUPPORTED']],
  ['refuses generateName', pod().replace('name: web', 'generateName: web-'), ['3:12 error FIELD_UNSUPPORTED']],
];

for (const [name, text, want] of cases) {
  test(`load() ${name}`, () => assert.deepEqual(codes(read(text).problems), want));
}

test('load() makes errors of warnings about support with strict, and refuses the object', () => {
  const { objects, problems } = read(pod('priorityClassName: high'), true);
  assert.deepEqual(codes(problems), ['5:3 error FIELD_UNSUPPORTED']);
  assert.deepEqual(
    objects.map(object => object.usable),
    [false],
  );
  assert.equal(read(pod('priorityClassName: high')).objects[0]?.usable, true);
});
