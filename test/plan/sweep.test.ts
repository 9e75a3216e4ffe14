import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual, ActualVolume } from '../../src/model/actual.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import type { PodRecord } from '../../src/model/record.ts';
import type { PlanOptions } from '../../src/plan/plan.ts';
import { applied, desiredOf, nothingBut, planOf, textOf } from './scenario.ts';

const pod = (name: string, namespace = 'default', more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  containers: [{ name: main, image: app:1 }]
${more}`;

function desired(...documents: readonly string[]): Desired {
  return desiredOf(documents.join('\n---\n')).desired;
}

/** The steps of a plan, as lines. */
function stepsOf(wanted: Desired, actual: Actual, opts: Partial<PlanOptions> = {}): readonly string[] {
  return textOf(planOf(wanted, actual, opts)).filter(line => /^\d/.test(line));
}

function volume(name: string, more: Partial<ActualVolume> = {}): readonly [string, ActualVolume] {
  return [name, { name, owner: 'podstead', key: undefined, uid: undefined, ...more }];
}

function recordOf(key: Key, declaredBy: Key = key): readonly [Key, PodRecord] {
  const [record] = [...applied(desired(pod('a'))).pods.values()].flatMap(each => each.record ?? []);
  assert.ok(record);
  return [key, { ...record, key, declaredBy }];
}

const key: Key = 'Pod/default/a';
const tmp = '  volumes: [{ name: tmp, emptyDir: {} }]';

test('makePlan() sweeps emptyDirs of no pod in the order of their names, and those of a pod that stands stay', () => {
  const wanted = desired(pod('a', 'default', tmp));
  const actual = applied(wanted);
  const gone = { key: 'Pod/default/gone', uid: 'gone' } as const;
  const more = { key: 'Pod/default/more', uid: 'more' } as const;
  const volumes = new Map([volume('z', gone), volume('b', more), volume('m', gone), ...actual.volumes]);
  assert.equal(actual.volumes.size, 1);
  assert.deepEqual(stepsOf(wanted, { ...actual, volumes }), [
    '1. remove volume b',
    '2. remove volume m',
    '3. remove volume z',
  ]);
  const busy = new Set<Key>(['Pod/default/more']);
  assert.deepEqual(stepsOf(wanted, { ...actual, volumes }, { busy }), ['1. remove volume m', '2. remove volume z']);
});

test('makePlan() leaves alone a volume that has a uid and no key: it is not of our making', () => {
  const volumes = new Map([volume('odd', { uid: 'gone' })]);
  assert.deepEqual(stepsOf(desired(), nothingBut([], { volumes })), []);
});

test('makePlan() sweeps files of no pod, sorted, and none while anything is under way', () => {
  const wanted = desired(pod('a'));
  const actual = { ...applied(wanted), fileUids: ['z', 'uid-a', 'b'] };
  const plan = planOf(wanted, actual);
  assert.deepEqual(
    plan.steps.map(step => [step.key, step.action.verb === 'removeFiles' && step.action.uid]),
    [
      ['Files/-/b', 'b'],
      ['Files/-/z', 'z'],
    ],
  );
  assert.deepEqual(stepsOf(wanted, actual, { busy: new Set<Key>(['Pod/default/new']) }), []);
});

test('makePlan() forgets what neither exists nor is wanted, sorted by key, and only where that is certain', () => {
  const wanted = desired(pod('a'));
  const records = new Map([
    recordOf('Pod/default/z'),
    recordOf('Pod/default/m'),
    recordOf('Pod/default/old-1', 'Deployment/default/old'),
    recordOf('Pod/default/n'),
    recordOf(key),
  ]);
  const forgets = (opts: Partial<PlanOptions>): readonly string[] =>
    stepsOf(wanted, applied(wanted), { records, ...opts });
  const steps = (first: number, of: string): readonly string[] => [
    `${first}. remove what may be left of Pod/default/${of}`,
    `${first + 1}. forget Pod/default/${of} <- ${first}`,
  ];
  const all = [...steps(1, 'm'), ...steps(3, 'n'), ...steps(5, 'old-1'), ...steps(7, 'z')];
  assert.deepEqual(forgets({ prune: 'all' }), all);
  assert.deepEqual(forgets({ prune: 'none' }), []);
  assert.deepEqual(forgets({ prune: new Set<Key>(['Deployment/default/old']) }), steps(1, 'old-1'));
  const busy = new Set<Key>(['Pod/default/m', 'Pod/default/n', 'Pod/default/z']);
  assert.deepEqual(forgets({ prune: 'all', busy }), steps(1, 'old-1'));
});

test('makePlan() looks for nothing left of a pod that never came to be', () => {
  const [of, record] = recordOf('Pod/default/m');
  const records = new Map([[of, { ...record, uid: undefined }]]);
  assert.deepEqual(stepsOf(desired(), nothingBut([]), { records, prune: 'all' }), ['1. forget Pod/default/m']);
});

test('makePlan() forgets an earlier pod of an object that is declared, and none of one that is refused', () => {
  const records = new Map([recordOf('Pod/default/earlier', key)]);
  const wanted = desired(pod('a'));
  const actual = applied(wanted);
  const all = new Map([
    ...records,
    ...[...actual.pods].flatMap(([of, { record }]) => (record ? [[of, record] as const] : [])),
  ]);
  assert.deepEqual(stepsOf(wanted, actual, { records: all, prune: 'none' }).slice(1), [
    '2. forget Pod/default/earlier <- 1',
  ]);
  const broken = desired(pod('a', 'default', '  wrong: 1'));
  assert.ok(broken.held.has(key));
  assert.deepEqual(stepsOf(broken, nothingBut([]), { records, prune: 'all' }), []);
});

test('makePlan() forgets no pod that stands, and none that is still to be made', () => {
  const wanted = desired(pod('a'));
  const records = new Map([recordOf(key)]);
  assert.deepEqual(stepsOf(desired(), applied(wanted), { records, prune: 'none' }), []);
  const steps = stepsOf(wanted, nothingBut(['app:1']), { records, prune: 'all' });
  assert.ok(!steps.some(line => line.includes('forget')));
});

test('makePlan() removes volumes that the user named, sorted, of this owner alone, after the pods that use them', () => {
  const named = new Set(['z', 'b', 'theirs', 'nobodys', 'none']);
  const volumes = new Map([
    volume('z', { key: 'PersistentVolumeClaim/default/z' }),
    volume('b'),
    volume('kept'),
    volume('theirs', { owner: 'other' }),
    volume('nobodys', { owner: undefined }),
  ]);
  const before = desired(pod('a'), pod('b'));
  const actual = { ...applied(before), volumes, networks: [] };
  const plan = planOf(desired(), actual, { removeVolumes: named });
  assert.deepEqual(plan.steps.map(({ id, key: of, after }) => `${id}. ${of} <- ${after.join(' ')}`).slice(-2), [
    '5. Volume/-/b <- 1 3',
    '6. PersistentVolumeClaim/default/z <- 1 3',
  ]);
  assert.deepEqual(textOf(plan).slice(-2), ['5. remove volume b <- 1 3', '6. remove volume z <- 1 3']);
  const busy = new Set<Key>(['Volume/-/b']);
  assert.deepEqual(stepsOf(desired(), nothingBut([], { volumes }), { removeVolumes: named, busy }), [
    '1. remove volume z',
  ]);
  assert.deepEqual(stepsOf(desired(), nothingBut([], { volumes })), []);
});

test('makePlan() removes the networks of namespaces that the last pod leaves, sorted, and no other', () => {
  const before = desired(pod('a'), pod('b', 'shop'), pod('c', 'back'), pod('d', 'stays'));
  const actual = { ...applied(before), networks: ['shop_podstead', 'podstead', 'stays_podstead', 'back_podstead'] };
  const plan = planOf(desired(pod('d', 'stays')), actual);
  const removals = plan.steps.filter(step => step.action.verb === 'removePod').map(step => step.id);
  const networks = plan.steps.filter(step => step.action.verb === 'removeNetwork');
  assert.deepEqual(
    networks.map(step => [step.key, step.action.verb === 'removeNetwork' && step.action.name, step.after]),
    ['back_podstead', 'podstead', 'shop_podstead'].map(name => [`Network/-/${name}`, name, removals]),
  );
  assert.equal(removals.length, 3);
});

test('makePlan() keeps a network that a new pod wants, that a pod stays in, or while anything is under way', () => {
  const before = desired(pod('a'), pod('b', 'shop'), pod('c', 'shop'));
  const actual = applied(before);
  const networks = (wanted: Desired, opts: Partial<PlanOptions> = {}): readonly string[] =>
    stepsOf(wanted, actual, opts).filter(line => line.includes('network'));
  assert.deepEqual(networks(desired(pod('a'), pod('new', 'shop'))), []);
  const some = new Set<Key>(['Pod/shop/b']);
  assert.deepEqual(networks(desired(pod('a')), { prune: some }), []);
  assert.deepEqual(networks(desired(pod('a')), { busy: new Set<Key>(['Image/-/x:1']) }), []);
  assert.equal(networks(desired(pod('a'))).length, 1);
  const idle = { ...applied(desired(pod('a'))), networks: ['podstead', 'shop_podstead'] };
  assert.deepEqual(stepsOf(desired(pod('a')), idle), [], 'nothing leaves');
});

test('makePlan() keeps the network of the default namespace for a pod there that only may not go yet', () => {
  const actual = { ...applied(desired(pod('a'), pod('b', 'shop'))), networks: ['podstead', 'shop_podstead'] };
  const steps = stepsOf(desired(), actual, { prune: new Set<Key>(['Pod/shop/b']) });
  assert.deepEqual(
    steps.filter(line => line.includes('network')),
    ['3. remove network shop_podstead <- 1'],
  );
});
