import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action, Change, ChangeOp } from '../../src/model/plan.ts';
import { participle } from '../../src/plan/history.ts';
import { planOutput } from '../../src/plan/output.ts';
import { describe, type Paint, place, printDiff, printPlan, summary } from '../../src/plan/print.ts';
import { container, pod } from '../e2e/desired.ts';
import { planOf } from '../fakes/plans.ts';

const main = container('web', 'main');
const web = pod('web', { containers: [main] });
const location = { file: 'web.yaml', line: 3, column: 1 };
const untilMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const image = { reference: 'app:1', build: undefined, credentials: undefined };
const built = { directory: '/src/web', file: 'Containerfile', digest: 'd' };

/** A change of one pod; members are replaced as given. */
function changeOf(op: ChangeOp, name: string, more: Partial<Change> = {}): Change {
  const rest = { why: 'not present', cost: '', fields: [], location: undefined, untilMs: undefined };
  return { op, key: `Pod/default/${name}`, ...rest, ...more };
}

/** Shows what is painted how. */
const paint: Paint = (style, text) => `<${style}>${text}</>`;

const spoken: readonly (readonly [Action, string])[] = [
  [{ verb: 'pull', image, always: true }, 'pull app:1'],
  [{ verb: 'build', image: { ...image, build: built } }, 'build app:1 from /src/web'],
  [{ verb: 'createPod', pod: web, uid: 'u' }, 'create pod web'],
  [{ verb: 'createContainer', pod: web, uid: 'u', container: main }, 'create container web-main'],
  [{ verb: 'startContainer', pod: web, uid: 'u', container: main }, 'start container web-main'],
  [{ verb: 'createEmptyDir', pod: web, uid: 'u', volume: 'tmp' }, 'create emptyDir tmp'],
  [
    {
      verb: 'createVolume',
      volume: {
        key: 'PersistentVolumeClaim/default/data',
        origin: location,
        engineName: 'data',
        singleWriter: false,
        labels: {},
        options: {},
      },
    },
    'create volume data',
  ],
  [
    {
      verb: 'writeFiles',
      pod: web,
      uid: 'u',
      files: { type: 'files', name: 'conf', from: 'ConfigMap/default/c', secret: false, digest: 'd', entries: [] },
    },
    'write files of volume conf from ConfigMap/default/c',
  ],
  [
    {
      verb: 'checkPorts',
      pod: web.key,
      ports: [
        { hostIp: undefined, hostPort: 80, containerPort: 1, protocol: 'tcp' },
        { hostIp: undefined, hostPort: 53, containerPort: 1, protocol: 'udp' },
      ],
    },
    'check that 80/tcp, 53/udp is free',
  ],
  [{ verb: 'stopContainer', pod: web.key, name: 'main', id: 'i', graceSeconds: 7 }, 'stop container main (within 7 s)'],
  [{ verb: 'removeContainer', pod: web.key, name: 'main', id: 'i' }, 'remove container main'],
  [{ verb: 'stopPod', pod: web.key, id: 'i', graceSeconds: 8 }, 'stop Pod/default/web (within 8 s)'],
  [
    { verb: 'removePod', pod: web.key, id: 'i', uid: 'u', graceSeconds: 9 },
    'remove Pod/default/web (stops within 9 s)',
  ],
  [
    { verb: 'startContainer', pod: web, uid: 'u', container: container('web', 'main'), resumes: true },
    'let container web-main go on',
  ],
  [{ verb: 'removeEmptyPod', pod: web.key, uid: 'u' }, 'remove what may be left of Pod/default/web'],
  [{ verb: 'startPod', pod: web.key, id: 'i', containers: ['a', 'b'] }, 'start a, b of Pod/default/web'],
  [{ verb: 'removeVolume', name: 'data', owner: 'o' }, 'remove volume data'],
  [{ verb: 'removeNetwork', name: 'net' }, 'remove network net'],
  [{ verb: 'removeFiles', uid: 'u' }, 'remove files of a pod that is gone (u)'],
  [{ verb: 'writeRecord', pod: web.key, patch: {} }, 'note it in the record of Pod/default/web'],
  [{ verb: 'removeRecord', pod: web.key }, 'forget Pod/default/web'],
];
for (const [action, text] of spoken) {
  test(`describe() says "${text}"`, () => assert.equal(describe(action), text));
}

test('printPlan() tells each change with its place, due time, cost and steps, and counts what stays', () => {
  const create: Action = { verb: 'createPod', pod: web, uid: 'u' };
  const plan = planOf(
    [
      { id: 1, key: 'Image/-/app:1', action: { verb: 'pull', image, always: false }, after: [], when: 'done' },
      { id: 2, key: web.key, action: create, after: [1], when: 'done' },
      { id: 3, key: web.key, action: { verb: 'writeRecord', pod: web.key, patch: {} }, after: [2], when: 'done' },
      { id: 4, key: 'Pod/default/two', action: create, after: [1], when: 'done' },
      {
        id: 5,
        key: 'Pod/default/two',
        action: { verb: 'stopPod', pod: web.key, id: 'i', graceSeconds: 0 },
        after: [4],
        when: 'failed',
      },
      {
        id: 6,
        key: 'Pod/default/two',
        action: { verb: 'startPod', pod: web.key, id: 'i', containers: ['main'] },
        after: [5],
        when: 'done',
      },
      { id: 7, key: 'Files/-/u', action: { verb: 'removeFiles', uid: 'u' }, after: [], when: 'done' },
      { id: 8, key: 'Pod/default/old', action: { verb: 'removeRecord', pod: web.key }, after: [], when: 'done' },
    ],
    [
      changeOf('create', 'web', { location }),
      changeOf('recreate', 'two', { why: 'it differs', cost: 'pod is recreated' }),
      changeOf('wait', 'three', { why: 'back-off', untilMs }),
      changeOf('keep', 'four'),
    ],
  );
  assert.deepEqual(printPlan(plan).split('\n'), [
    '+ create   Pod/default/web  web.yaml:3',
    '    not present',
    '      pull app:1',
    '      create pod web',
    '± recreate Pod/default/two',
    '    it differs (pod is recreated)',
    '      create pod web',
    '      if that fails: stop Pod/default/web (within 0 s)',
    '      if that fails: start main of Pod/default/web',
    '… wait     Pod/default/three',
    '    back-off, due 03:04:05Z',
    '  · remove files of a pod that is gone (u)',
    '1 to create, 1 to recreate, 1 waiting, 1 up to date',
  ]);
  const painted = printPlan(plan, paint).split('\n');
  assert.deepEqual(painted.slice(0, 3), [
    '<add>+ create   Pod/default/web</><dim>  web.yaml:3</>',
    '    not present',
    '<dim>      pull app:1</>',
  ]);
  assert.equal(painted.at(-2), '  <dim>· remove files of a pod that is gone (u)</>');
});

test('printPlan() marks and paints every kind of change', () => {
  const ops = ['create', 'recreate', 'replace', 'update', 'start', 'restart', 'remove', 'wait', 'hold'] as const;
  const plan = planOf(
    [],
    ops.map(op => changeOf(op, 'web')),
  );
  const heads = printPlan(plan, paint)
    .split('\n')
    .filter(line => line.startsWith('<'));
  assert.deepEqual(
    heads.map(line => line.slice(0, line.indexOf(' '))),
    ['<add>+', '<change>±', '<change>~', '<change>~', '<change>>', '<change>>', '<remove>-', '<hold>…', '<hold>!'],
  );
  assert.equal(
    summary(plan),
    '1 to create, 1 to recreate, 1 to change, 1 to update, 1 to start, 1 to restart, 1 to remove, 1 waiting, 1 held back',
  );
});

test('summary() of nothing at all says so', () => {
  assert.equal(summary(planOf([], [])), 'Nothing is asked for and nothing is there');
});

test('printDiff() shows the three columns of each field, and leaves out what stays', () => {
  const fields = [
    { path: 'containers.main.image', applied: '"a"', desired: '"b"', live: undefined, location },
    { path: 'containers.side', applied: undefined, desired: 'present', live: 'gone', location: undefined },
    { path: 'containers.old', applied: undefined, desired: undefined, live: 'present', location: undefined },
  ];
  const plan = planOf([], [changeOf('replace', 'web', { fields }), changeOf('keep', 'four', { fields })]);
  assert.deepEqual(printDiff(plan, paint).split('\n'), [
    '<change>~ replace  Pod/default/web</>',
    '    not present',
    '    containers.main.image<dim>  web.yaml:3</>',
    '<remove>      - "a"</>',
    '<add>      + "b"</>',
    '    containers.side',
    '<add>      + present</>',
    '<hold>      live: gone</>',
    '    containers.old',
    '<hold>      live: present</>',
  ]);
});

test('participle() says what came of each kind of change', () => {
  const ops = [
    'create',
    'recreate',
    'replace',
    'update',
    'start',
    'restart',
    'remove',
    'keep',
    'wait',
    'hold',
  ] as const;
  assert.equal(
    ops.map(participle).join(', '),
    'created, recreated, updated, updated in place, started, restarted, removed, unchanged, waiting, held back',
  );
});

test('place() of nothing is empty', () => assert.equal(place(undefined), ''));

test('planOutput() gives words, places and times, and no object behind a step', () => {
  const steps = [
    { id: 1, key: web.key, action: { verb: 'createPod', pod: web, uid: 'u' }, after: [], when: 'done' },
  ] as const;
  const plan = planOf(steps, [changeOf('create', 'web', { location, untilMs }), changeOf('hold', 'two')]);
  assert.deepEqual(planOutput(plan), {
    revision: plan.revision,
    changes: [
      {
        op: 'create',
        key: 'Pod/default/web',
        why: 'not present',
        cost: '',
        fields: [],
        file: 'web.yaml',
        line: 3,
        until: '2026-01-02T03:04:05.000Z',
      },
      { op: 'hold', key: 'Pod/default/two', why: 'not present', cost: '', fields: [] },
    ],
    steps: [{ id: 1, key: 'Pod/default/web', verb: 'createPod', text: 'create pod web', after: [], when: 'done' }],
  });
});
