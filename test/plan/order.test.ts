import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual, ActualPod } from '../../src/model/actual.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import { deployment, desired, flawless, pod as podOf } from './manifests.ts';
import { applied, desiredOf, nothingBut, now, planOf, textOf, withContainer } from './scenario.ts';

/** A pod after others. */
const pod = (name: string, after = '', container = '', spec = ''): string =>
  podOf(name, container, spec).replace(
    `{ name: ${name} }`,
    after === '' ? `{ name: ${name} }` : `{ name: ${name}, annotations: { podstead.dev/after: '${after}' } }`,
  );
const probed = 'readinessProbe: { tcpSocket: { port: 80 } }';
const image = nothingBut(['app:1']);
const health = (ready: boolean) => ({
  started: true,
  ready,
  message: ready ? '' : 'connection refused',
  failed: undefined,
});

/** One pod that stands of those that are wanted. */
function only(wanted: Desired, keys: readonly Key[], change: (pod: ActualPod) => ActualPod = pod => pod): Actual {
  return applied(wanted, each => (keys.includes(each.key) ? change(each) : undefined));
}

const db: Key = 'Pod/default/db';
const opsOf = (plan: ReturnType<typeof planOf>): readonly string[] =>
  plan.changes.map(({ key, op, why }) => `${op} ${key.split('/').at(-1)}: ${why}`);

test('makePlan() starts a pod only after what it is to start after is ready', () => {
  const wanted = flawless(pod('db', '', probed), pod('web', 'db'));
  const first = planOf(wanted, image);
  assert.deepEqual(opsOf(first), [
    'create db: not present',
    "wait web: waits for 'Pod/default/db' to be ready: it is not there yet",
  ]);
  assert.ok(first.steps.every(({ key }) => key === db));
  assert.deepEqual(first.changes[1]?.waitsFor, [db]);
  const unready = only(wanted, [db], each => withContainer(each, 'main', { health: health(false) }));
  assert.deepEqual(textOf(planOf(wanted, unready)), [
    "wait Pod/default/web: waits for 'Pod/default/db' to be ready: container 'main' is not ready: connection refused",
  ]);
  const ready = only(wanted, [db], each => withContainer(each, 'main', { health: health(true) }));
  assert.equal(textOf(planOf(wanted, ready))[0], 'create Pod/default/web: not present');
});

test('makePlan() goes down a whole chain, one after the other, and by Deployments too', () => {
  const wanted = flawless(
    pod('web', 'api'),
    deployment('api', 'run', '', '  replicas: 2').replace(
      'labels: { app: api } }\n    spec',
      "labels: { app: api }, annotations: { podstead.dev/after: 'db' } }\n    spec",
    ),
    pod('db'),
  );
  const pods = [...wanted.pods.values()];
  const apis = pods.filter(({ declaredBy }) => declaredBy === 'Deployment/default/api').map(({ key }) => key);
  assert.equal(apis.length, 2);
  const started = (actual: Actual): readonly Key[] =>
    planOf(wanted, actual).steps.flatMap(({ action, key }) => (action.verb === 'startContainer' ? [key] : []));
  assert.deepEqual(started(image), [db]);
  assert.deepEqual(started(only(wanted, [db])), apis);
  assert.deepEqual(started(only(wanted, [db, ...apis.slice(0, 1)])), apis.slice(1));
  assert.deepEqual(started(only(wanted, [db, ...apis])), ['Pod/default/web']);
});

test('makePlan() never stops or holds what runs for the sake of an order', () => {
  const wanted = flawless(pod('db', '', probed), pod('web', 'db'));
  const down = applied(wanted, each =>
    each.key === db ? withContainer(each, 'main', { state: 'exited', exitCode: 1, exitedAtMs: now }) : each,
  );
  const plan = planOf(wanted, down);
  assert.ok(plan.steps.every(({ key }) => key === db));
  assert.equal(plan.changes.find(({ key }) => key !== db)?.op, 'keep');
  const both = applied(wanted, each => withContainer(each, 'main', { state: 'exited', exitCode: 1, exitedAtMs: now }));
  assert.deepEqual(
    opsOf(planOf(wanted, both)).map(text => text.split(':')[0]),
    ['restart db', 'restart web'],
  );
});

test('makePlan() leaves a pod as it is that would be made anew, while what it comes after is not ready', () => {
  const before = flawless(pod('db', '', probed), pod('web', 'db'));
  const after = flawless(pod('db', '', probed), pod('web', 'db', 'ports: [{ containerPort: 80, hostPort: 8080 }]'));
  const actual = applied(before, each =>
    each.key === db ? withContainer(each, 'main', { health: health(false) }) : each,
  );
  assert.deepEqual(textOf(planOf(after, actual)), [
    "wait Pod/default/web: waits for 'Pod/default/db' to be ready: container 'main' is not ready: connection refused",
  ]);
});

test('makePlan() restarts meanwhile what ends of a pod that would be made anew', () => {
  const before = flawless(pod('db', '', probed), pod('web', 'db'));
  const after = flawless(pod('db', '', probed), pod('web', 'db', 'ports: [{ containerPort: 80, hostPort: 8080 }]'));
  const actual = applied(before, each =>
    each.key === db
      ? withContainer(each, 'main', { health: health(false) })
      : withContainer(each, 'main', { state: 'exited', exitCode: 1, exitedAtMs: now }),
  );
  const plan = planOf(after, actual);
  assert.deepEqual(opsOf(plan).slice(1), [
    "restart web: container 'main' exited with 1; waits for 'Pod/default/db' to be ready: container 'main' is not ready: connection refused",
  ]);
  assert.deepEqual(
    plan.steps.map(({ action }) => action.verb),
    ['writeRecord', 'startContainer'],
  );
  const stopped = new Map(
    [...actual.pods].map(([key, each]) => [key, { ...each, infra: { ...each.infra, state: 'exited' as const } }]),
  );
  const anew = planOf(after, { ...actual, pods: stopped }).steps.filter(({ key }) => key !== db);
  assert.deepEqual(anew, [], 'a sandbox is started in its order');
});

test('makePlan() goes by the deadline and the restart policy that a waiting pod was last applied with', () => {
  const port = 'ports: [{ containerPort: 80, hostPort: 8080 }]';
  const side = '  initContainers: [{ name: side, image: app:1, restartPolicy: Always }]';
  const before = flawless(pod('db', '', probed), pod('web', 'db', '', side));
  const actual = applied(before, each =>
    each.key === db
      ? withContainer(each, 'main', { health: health(false) })
      : { ...each, infra: { ...each.infra, createdAtMs: now - 3_600_000 } },
  );
  const wish = (spec: string): Desired => flawless(pod('db', '', probed), pod('web', 'db', port, `${side}\n${spec}`));
  assert.deepEqual(planOf(wish('  activeDeadlineSeconds: 60'), actual).steps, []);
  const failed = { state: 'exited', exitCode: 1, exitedAtMs: now } as const;
  const pods = new Map(
    [...actual.pods].map(([key, each]) => [key, key === db ? each : withContainer(each, 'main', failed)]),
  );
  assert.deepEqual(
    planOf(wish('  restartPolicy: Never'), { ...actual, pods }).steps.map(({ action }) => action.verb),
    ['writeRecord', 'startContainer'],
  );
});

test('makePlan() gives what waits its names, where what it waits for needs the one that it has', () => {
  const named = (text: string, name: string): string => text.replace('name: main', `name: ${name}`);
  const before = flawless(pod('a'), named(pod('a-b'), 'c'));
  const port = 'ports: [{ containerPort: 80, hostPort: 8080 }]';
  const after = desired(named(pod('a'), 'b-c'), named(pod('a-b', 'a', port), 'c'));
  const renamed = (wanted: Desired, actual: Actual): readonly string[] =>
    planOf(wanted, actual).steps.flatMap(({ key, action }) =>
      action.verb === 'renameContainer' ? [`${key} ${action.name} ${action.engineName}`] : [],
    );
  assert.match(renamed(after, applied(before)).join(), /^Pod\/default\/a-b c a-b-c-\w{5}$/);
  // What nothing asks for any more goes out of the way, and runs on.
  const side = named(pod('a'), 'b-c').replace('containers:', 'containers:\n    - { name: main, image: app:1 }');
  const other = desired(named(pod('a-b'), 'c'), pod('a', 'a-b', port));
  assert.match(renamed(other, applied(flawless(side))).join(), /^Pod\/default\/a b-c a-b-c-\S+$/);
});

test('makePlan() does not wait where the one has the port that the other needs: neither would ever start', () => {
  const port = 'ports: [{ containerPort: 80, hostPort: 8080 }]';
  const before = flawless(pod('db'), pod('mid', 'db'), pod('web', 'mid', port));
  const after = flawless(pod('db', '', port), pod('mid', 'db'), pod('web', 'mid'));
  const down = applied(before, each => (each.key === 'Pod/default/mid' ? undefined : each));
  const plan = planOf(after, down);
  assert.deepEqual(
    opsOf(plan).map(text => text.split(':')[0]),
    ['recreate db', 'wait mid', 'recreate web'],
  );
  // And what is waited for waits for the port alone.
  const starts = plan.steps.find(({ action, key }) => action.verb === 'startContainer' && key === db);
  const removal = plan.steps.find(({ action, key }) => action.verb === 'removePod' && key === 'Pod/default/web');
  assert.ok(removal !== undefined && starts?.after.includes(removal.id));
});

test('makePlan() takes a job that has ended well for ready, and holds for good what comes after one that failed', () => {
  const bare = flawless(pod('db', '', '', '  restartPolicy: OnFailure'), pod('web', 'db'));
  assert.deepEqual(textOf(planOf(bare, only(bare, [db]))), [
    "wait Pod/default/web: waits for 'Pod/default/db' to be ready: container 'main' has not ended yet",
  ]);
  const wanted = flawless(pod('db', '', probed, '  restartPolicy: Never'), pod('web', 'db'));
  const serving = only(wanted, [db], each => withContainer(each, 'main', { health: health(true) }));
  assert.equal(textOf(planOf(wanted, serving))[0], 'create Pod/default/web: not present');
  const ended = (exitCode: number): Actual =>
    only(wanted, [db], each => withContainer(each, 'main', { state: 'exited', exitCode, exitedAtMs: now }));
  assert.equal(textOf(planOf(wanted, ended(0)))[0], 'create Pod/default/web: not present');
  assert.deepEqual(textOf(planOf(wanted, ended(1))), [
    "hold Pod/default/web: waits for 'Pod/default/db' to be ready: container 'main' has failed for good",
  ]);
});

test('makePlan() holds what comes after a pod that is held back or refused, unless that runs, and nothing else', () => {
  const broken = pod('db', '', 'imagePullPolicy: [1]');
  const { desired: wanted } = desiredOf([broken, pod('web', 'db'), pod('api', 'web'), pod('other')].join('\n---\n'));
  assert.deepEqual(
    opsOf(planOf(wanted, image)).map(text => text.split(':')[0]),
    ['hold api', 'create other', 'hold web'],
  );
  const before = flawless(pod('db'));
  assert.ok(opsOf(planOf(wanted, applied(before))).includes('create web: not present'));
  const never = flawless(pod('db', '', 'imagePullPolicy: Never'), pod('web', 'db'));
  const [one, two] = opsOf(planOf(never, nothingBut([])));
  assert.match(one ?? '', /^hold db: image/);
  assert.match(two ?? '', /^hold web: waits for 'Pod\/default\/db' to be ready: image/);
});

test('makePlan() waits as long as what it waits for, and while steps of that are under way', () => {
  const wanted = flawless(pod('db'), pod('web', 'db'));
  const crashing = only(wanted, [db], each => {
    const record = each.record && {
      ...each.record,
      containers: { main: { backoffCount: 3, restarts: 3, secretDigest: undefined, resources: undefined } },
    };
    const exited = { state: 'exited', exitCode: 1, startedAtMs: now - 1000, exitedAtMs: now } as const;
    return { ...withContainer(each, 'main', exited), record };
  });
  const [first, second] = planOf(wanted, crashing).changes;
  assert.equal(first?.op, 'wait');
  assert.equal(second?.untilMs, first?.untilMs);
  const busy = planOf(wanted, only(wanted, [db]), { busy: new Set([db]) });
  assert.match(opsOf(busy)[1] ?? '', /^wait web: .*steps are under way/);
});

test('makePlan() removes in the opposite order, also round a circle that only records know', () => {
  const before = flawless(pod('a'), pod('b', 'a'), pod('c', 'a,b'), pod('d'));
  const nothing = desired('');
  const plan = planOf(nothing, applied(before));
  const removal = (name: string) =>
    plan.steps.find(({ action, key }) => action.verb === 'removePod' && key === `Pod/default/${name}`);
  const after = (name: string): readonly (number | undefined)[] => removal(name)?.after ?? [];
  assert.deepEqual([after('c'), after('b')], [[], [removal('c')?.id]]);
  assert.deepEqual(after('a'), [removal('c')?.id, removal('b')?.id]);
  assert.deepEqual(after('d'), []);
  const circle = applied(before, each => {
    const record = each.record?.applied && {
      ...each.record,
      applied: { ...each.record.applied, inPlace: { after: ['Pod/default/b', 'Pod/default/a'] } },
    };
    return { ...each, record };
  });
  const removed = planOf(nothing, circle).steps.filter(({ action }) => action.verb === 'removePod');
  assert.equal(removed.length, 4);
});

test('makePlan() notes an order that is added to a running pod, and restarts nothing', () => {
  const before = flawless(pod('db'), pod('web'));
  const after = flawless(pod('db'), pod('web', 'db'));
  const plan = planOf(after, applied(before));
  assert.deepEqual(textOf(plan), [
    'update Pod/default/web: fields changed that touch nothing that runs',
    '1. note it in the record of Pod/default/web',
  ]);
  assert.deepEqual(
    plan.changes[1]?.fields.map(({ path }) => path),
    ['inPlace.after', 'inPlace.annotations'],
  );
});
