import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual, ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { PlanOptions } from '../../src/plan/plan.ts';
import { deployment, desired, pod } from './manifests.ts';
import { applied, desiredOf, nothingBut, now, planOf, textOf, withContainer } from './scenario.ts';

const ports = 'ports: [{ containerPort: 80, hostPort: 8080 }]';

/** The pods of a Deployment by name, whatever their hash, and the rest of a plan as lines. */
function linesOf(plan: Plan): readonly string[] {
  return textOf(plan).map(line => line.replace(/(-[0-9a-f]{8}-0)/g, ''));
}

function stepsOf(wanted: Desired, actual: Actual, opts: Partial<PlanOptions> = {}): readonly string[] {
  return linesOf(planOf(wanted, actual, opts)).filter(line => /^\d/.test(line));
}

test('makePlan() hands a port from a pod that goes to one of another name, and forgets the old one last', () => {
  const actual = applied(desired(pod('old', ports), pod('other')));
  assert.deepEqual(linesOf(planOf(desired(pod('new', ports), pod('other')), actual)), [
    'create Pod/default/new: not present',
    'remove Pod/default/old: no longer in the source',
    '1. create pod new',
    '2. create container new-main <- 1',
    '3. stop Pod/default/old (within 30 s) <- 1 2',
    '4. start container new-main <- 1 2 3',
    '5. note it in the record of Pod/default/new <- 1 2',
    '6. if failed: stop Pod/default/new (within 0 s) <- 4',
    '7. start main of Pod/default/old <- 6',
    '8. remove Pod/default/old (stops within 30 s) <- 3 4',
    '9. forget Pod/default/old <- 8',
  ]);
});

test('makePlan() holds a pod whose port one has that stays', () => {
  const actual = applied(desired(pod('old', ports)));
  const held = ["hold Pod/default/new: waits for port 8080/tcp, which 'Pod/default/old' has"];
  assert.deepEqual(linesOf(planOf(desired(pod('new', ports)), actual, { prune: 'none' })), held);
  const busy = new Set<Key>(['Pod/default/old']);
  const lines = linesOf(planOf(desired(pod('new', ports)), actual, { busy }));
  assert.deepEqual(lines.slice(0, 1), held);
  assert.equal(lines.length, 2);
});

test('makePlan() takes a port at once that its pod does not hold: of a pod that is stopped, or never ran', () => {
  for (const state of ['exited', 'created'] as const) {
    const stopped = applied(desired(pod('old', ports)), each => ({ ...each, infra: { ...each.infra, state } }));
    const plan = planOf(desired(pod('new', ports)), stopped, { prune: 'none' });
    assert.equal(plan.changes[0]?.op, 'create', state);
  }
});

test('makePlan() asks of the pod itself and of other ports nothing', () => {
  const actual = applied(desired(pod('a', ports), pod('b', 'ports: [{ containerPort: 80, hostPort: 8081 }]')));
  const plan = planOf(
    desired(pod('a', ports, '  hostname: x'), pod('b', 'ports: [{ containerPort: 80, hostPort: 8081 }]')),
    actual,
  );
  assert.deepEqual(
    plan.changes.map(({ op }) => op),
    ['recreate', 'keep'],
  );
});

test('makePlan() finds the port among several of one pod', () => {
  const several = 'ports: [{ containerPort: 80, hostPort: 8079 }, { containerPort: 81, hostPort: 8080 }]';
  const actual = applied(desired(pod('old', several)));
  assert.match(linesOf(planOf(desired(pod('new', ports)), actual, { prune: 'none' }))[0] ?? '', /waits for port 8080/);
});

test('makePlan() starts a pod with a port after the removal of the one that is recreated without it', () => {
  const actual = applied(desired(pod('a', ports), pod('zz')));
  assert.deepEqual(stepsOf(desired(pod('a'), pod('b', ports), pod('zz')), actual), [
    '1. remove Pod/default/a (stops within 30 s)',
    '2. create pod a <- 1',
    '3. create container a-main <- 2',
    '4. create pod b',
    '5. create container b-main <- 4',
    '6. start container a-main <- 2 3',
    '7. note it in the record of Pod/default/a <- 2 3',
    '8. start container b-main <- 1 4 5',
    '9. note it in the record of Pod/default/b <- 4 5',
  ]);
});

const claim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOncePod], resources: { requests: { storage: 1Gi } } }`;
const mounted = 'volumeMounts: [{ name: d, mountPath: /d }]';
const single = '      volumes: [{ name: d, persistentVolumeClaim: { claimName: data } }, { name: t, emptyDir: {} }]';

test('makePlan() hands a volume for one pod at a time over within a Deployment, and asks nothing of others', () => {
  const [old, next] = ['old', 'new'].map(command => deployment('web', command, mounted, single));
  assert.ok(old && next);
  const actual = applied(desired(old, claim, deployment('other', 'x')));
  const steps = stepsOf(desired(next, claim, deployment('other', 'x')), actual);
  assert.equal(steps.filter(line => line.includes('stop Pod/default/web (within 30 s)')).length, 1);
  assert.ok(!steps.some(line => line.includes('other')));
  const shared = claim.replace('ReadWriteOncePod', 'ReadWriteOnce');
  const many = stepsOf(desired(next, shared), applied(desired(old, shared)));
  assert.ok(!many.some(line => line.includes('stop Pod')));
});

test('makePlan() says what is waited for where the pod with the volume may not go', () => {
  const [old, next] = ['old', 'new'].map(command => deployment('web', command, mounted, single));
  assert.ok(old && next);
  const mixed = applied(desired(old, claim), each => ({ ...each, foreign: ['debug'] }));
  const plan = planOf(desired(next, claim), mixed);
  assert.ok(
    plan.changes.some(({ why }) => /waits for a volume for one pod at a time, which 'Pod\/default\/web/.test(why)),
  );
});

test('makePlan() removes the old pods of one Deployment after its own new ones, and no other', () => {
  const actual = applied(desired(deployment('web', 'old')));
  const plan = planOf(desired(deployment('web', 'new'), deployment('app', 'x')), actual);
  const start = plan.steps.find(step => step.action.verb === 'startContainer' && step.key.includes('web'));
  const remove = plan.steps.find(step => step.action.verb === 'removePod');
  assert.deepEqual(remove?.after, [start?.id]);
  assert.match(
    plan.changes.find(({ op }) => op === 'remove')?.why ?? '',
    /^'Deployment\/default\/web' no longer asks for it$/,
  );
});

test('makePlan() removes the old pod of a Deployment at once where the new one runs already', () => {
  const [before, after] = [desired(deployment('web', 'old')), desired(deployment('web', 'new'))];
  const both: Actual = { ...applied(after), pods: new Map([...applied(before).pods, ...applied(after).pods]) };
  assert.deepEqual(stepsOf(after, both), [
    '1. remove Pod/default/web (stops within 30 s)',
    '2. forget Pod/default/web <- 1',
  ]);
});

test('makePlan() keeps the old pod of a Deployment while the new one only waits', () => {
  const [before, after] = [desired(deployment('web', 'old')), desired(deployment('web', 'new'))];
  const late = applied(after, each => withContainer(each, 'main', { state: 'unknown' }));
  const both: Actual = { ...late, pods: new Map([...applied(before).pods, ...late.pods]) };
  const held = planOf(after, both).changes.find(({ op }) => op === 'hold');
  assert.match(held?.why ?? '', /^stays until 'Pod\/default\/web-.*' runs: container 'main' is unknown$/);
  assert.equal(held?.cost, '');
  assert.deepEqual(stepsOf(after, both), []);
});

test('makePlan() keeps the old pod of a Deployment until the probes of the new one find it ready', () => {
  const probe = 'readinessProbe: { tcpSocket: { port: 80 } }';
  const [before, after] = [desired(deployment('web', 'old', probe)), desired(deployment('web', 'new', probe))];
  const heldIn = (actual: Actual): string | undefined =>
    planOf(after, actual).changes.find(({ op }) => op === 'hold')?.why;
  const name = /^stays until 'Pod\/default\/web-[^']*' is ready: container 'main' /;
  const first = heldIn(applied(before));
  assert.match(first ?? '', name);
  assert.match(first ?? '', /has not started$/);
  const withNew = (change: Partial<ActualContainer>): Actual => {
    const late = applied(after, each => withContainer(each, 'main', change));
    return { ...late, pods: new Map([...applied(before).pods, ...late.pods]) };
  };
  assert.match(heldIn(withNew({})) ?? '', /is not ready: its probes have not run yet$/);
  const health = { started: true, ready: false, message: 'its readiness probe fails: refused', failed: undefined };
  assert.match(heldIn(withNew({ health })) ?? '', /is not ready: its readiness probe fails: refused$/);
  assert.deepEqual(stepsOf(after, withNew({ health })), []);
  assert.deepEqual(stepsOf(after, withNew({ health: { ...health, ready: true, message: '' } })), [
    '1. remove Pod/default/web (stops within 30 s)',
    '2. forget Pod/default/web <- 1',
  ]);
});

test('makePlan() removes the old pod with the plan that starts the mains of the new one, and not with one that begins it', () => {
  const inits = '      initContainers: [{ name: one, image: app:1 }]';
  const [before, after] = [desired(deployment('web', 'old')), desired(deployment('web', 'new', '', inits))];
  const fresh = { state: 'created', startedAtMs: 0, exitedAtMs: 0 } as const;
  const withNew = (change: (pod: ActualPod) => ActualPod): Actual => {
    const begun = applied(after, change);
    return { ...begun, pods: new Map([...applied(before).pods, ...begun.pods]) };
  };
  const begins = withNew(each => withContainer(withContainer(each, 'one', fresh), 'main', fresh));
  assert.deepEqual(stepsOf(after, begins), ['1. start container web-one']);
  const ready = withNew(each => withContainer(each, 'main', fresh));
  assert.deepEqual(stepsOf(after, ready), [
    '1. start container web-main',
    '2. remove Pod/default/web (stops within 30 s) <- 1',
    '3. forget Pod/default/web <- 2',
  ]);
});

test('makePlan() takes the grace of a leaving pod from its record, and the default where that is lost', () => {
  const before = desired(pod('a', '', '  terminationGracePeriodSeconds: 5'));
  assert.equal(stepsOf(desired(), applied(before))[0], '1. remove Pod/default/a (stops within 5 s)');
  const lost = applied(before, each => ({ ...each, record: undefined }));
  assert.equal(stepsOf(desired(), lost)[0], '1. remove Pod/default/a (stops within 30 s)');
  const unapplied = applied(before, each => ({
    ...each,
    record: each.record && { ...each.record, applied: undefined },
  }));
  assert.equal(stepsOf(desired(), unapplied)[0], '1. remove Pod/default/a (stops within 30 s)');
});

test('makePlan() revives the main containers of the old pod, sorted; all of them where no record tells them apart', () => {
  const more = '    - { name: back, image: app:1 }\n  initContainers: [{ name: one, image: app:1 }]';
  const before = desired(pod('old', ports, more));
  const wayBack = (actual: Actual): string | undefined =>
    stepsOf(desired(pod('new', ports)), actual).find(
      line => line.includes('start') && line.includes('Pod/default/old'),
    );
  assert.equal(wayBack(applied(before))?.slice(3), 'start back, main of Pod/default/old <- 6');
  const lost = applied(before, each => ({ ...each, record: undefined }));
  assert.equal(wayBack(lost)?.slice(3), 'start back, main, one of Pod/default/old <- 6');
  const unapplied = applied(before, each => ({
    ...each,
    record: each.record && { ...each.record, applied: undefined },
  }));
  assert.equal(wayBack(unapplied)?.slice(3), 'start back, main, one of Pod/default/old <- 6');
});

test('makePlan() says what holds the pods that nothing asks for, and where they stood', () => {
  const before = desired(pod('b', '', '    - { name: side, image: app:1 }'), pod('a'));
  const change = (wanted: Desired, opts: Partial<PlanOptions>, each: (pod: ActualPod) => ActualPod = same => same) =>
    planOf(wanted, applied(before, each), opts).changes.map(({ op, key, why, cost, fields, location }) => [
      op,
      key,
      why,
      cost,
      fields,
      location?.file,
    ]);
  assert.deepEqual(change(desired(), { prune: 'none' }), [
    ['keep', 'Pod/default/a', 'not in the source; nothing is pruned now', '', [], 'all.yaml'],
    ['keep', 'Pod/default/b', 'not in the source; nothing is pruned now', '', [], 'all.yaml'],
  ]);
  assert.deepEqual(change(desired(), { prune: new Set<Key>(['Pod/default/a']) }), [
    ['remove', 'Pod/default/a', 'no longer in the source', '1 container stops', [], 'all.yaml'],
    ['keep', 'Pod/default/b', 'not in the source; to be removed once that is certain', '', [], 'all.yaml'],
  ]);
  const mixed = change(desired(), {}, each => ({ ...each, foreign: ['debug', 'shell'], record: undefined }));
  assert.deepEqual(mixed[1], [
    'hold',
    'Pod/default/b',
    "to be removed, but holds 'debug', 'shell', which is not ours: move it out first",
    '',
    [],
    undefined,
  ]);
  assert.equal(change(desired(), {})[1]?.[3], '2 containers stop');
});

test('makePlan() tells of a refused object that its pod stays, and by what', () => {
  const { desired: broken } = desiredOf(pod('a', '', '  wrong: 1'));
  const [held] = planOf(broken, applied(desired(pod('a'))), { prune: 'all' }).changes;
  assert.match(held?.why ?? '', /^'Pod\/default\/a' cannot be used, what runs stays: .*wrong.*\(all\.yaml:\d+\)$/);
  assert.equal(held?.location?.line, 2);
});

test('makePlan() removes leaving pods in the order of their keys, whatever the order of the engine', () => {
  const before = desired(pod('c'), pod('a'), pod('b'));
  const actual = applied(before);
  const backwards = { ...actual, pods: new Map([...actual.pods].reverse()) };
  const removals = stepsOf(desired(), backwards).filter(line => line.includes('remove Pod'));
  assert.deepEqual(
    removals.map(line => line.slice(10, 23)),
    ['Pod/default/a', 'Pod/default/b', 'Pod/default/c'],
  );
});

test('makePlan() gives the same plan, to the byte, whatever the order of its maps', () => {
  const documents = [pod('b', ports), pod('a'), deployment('web', 'new'), deployment('app', 'new')];
  const wanted = desired(...documents, claim, claim.replace('name: data', 'name: more'));
  const actual = applied(desired(pod('c'), pod('d', ports), deployment('web', 'old'), deployment('app', 'old')));
  const turned = <K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> => new Map([...map].reverse());
  const one = planOf(wanted, actual);
  const other = planOf(
    { ...wanted, pods: turned(wanted.pods), volumes: turned(wanted.volumes), images: turned(wanted.images) },
    { ...actual, pods: turned(actual.pods), volumes: turned(actual.volumes), images: turned(actual.images) },
  );
  assert.equal(JSON.stringify(one), JSON.stringify(other));
  const keys = one.changes.map(({ key }) => key);
  assert.deepEqual(keys, keys.toSorted());
});

test('makePlan() looks again at the earliest moment that anything is due', () => {
  const wanted = desired(pod('a'), pod('b'));
  const waiting = (agoMs: Readonly<Record<string, number>>): Actual =>
    applied(wanted, each => {
      const exitedAtMs = now - (agoMs[each.engineName] ?? 0);
      const dead = withContainer(each, 'main', {
        state: 'exited',
        exitCode: 1,
        startedAtMs: exitedAtMs - 1000,
        exitedAtMs,
      });
      const main = {
        ...each.record?.containers.main,
        backoffCount: 1,
        restarts: 1,
        secretDigest: undefined,
        resources: undefined,
      };
      return { ...dead, record: each.record && { ...each.record, containers: { main } } };
    });
  assert.equal(planOf(wanted, waiting({ a: 1000, b: 3000 })).nextMs, now + 7000);
  assert.equal(planOf(wanted, waiting({ a: 3000, b: 1000 })).nextMs, now + 7000);
  assert.equal(planOf(wanted, applied(wanted)).nextMs, undefined);
  assert.equal(planOf(desired(), nothingBut([])).nextMs, undefined);
});

test('makePlan() compares a new pod of a Deployment with the last applied one of it that is not wanted any more', () => {
  const both = [deployment('app', 'other'), deployment('web', 'old')];
  const actual = applied(desired(...both));
  const created = planOf(desired(deployment('app', 'other'), deployment('web', 'new')), actual).changes.find(
    ({ op }) => op === 'create',
  );
  assert.deepEqual(
    created?.fields.map(({ path, applied, desired }) => [path, applied, desired]),
    [['containers.main.command.0', '"old"', '"new"']],
  );
  const lost = applied(desired(...both), each => ({ ...each, record: undefined }));
  const unknown = planOf(desired(deployment('web', 'new')), lost).changes.find(({ op }) => op === 'create');
  assert.deepEqual(unknown?.fields, []);
  const more = deployment('web', 'old').replace('spec:\n  selector', 'spec:\n  replicas: 2\n  selector');
  const scaled = planOf(desired(more), applied(desired(deployment('web', 'old')))).changes.find(
    ({ op }) => op === 'create',
  );
  assert.deepEqual(scaled?.fields, [], 'the first replica stays, and stands in for nothing');
});

test('makePlan() keeps a port with the pod that has it where another of the same plan goes', () => {
  const actual = applied(desired(pod('stays', ports), pod('goes')));
  const plan = planOf(desired(pod('new', ports)), actual, { prune: new Set<Key>(['Pod/default/goes']) });
  assert.match(plan.changes.find(({ op }) => op === 'hold')?.why ?? '', /^waits for port 8080\/tcp/);
});

test('makePlan() waits with the old pod for a new one that needs what it has', () => {
  const inits = '      initContainers: [{ name: one, image: app:1 }]';
  const [before, after] = [desired(deployment('web', 'old', ports)), desired(deployment('web', 'new', ports, inits))];
  const lines = stepsOf(after, applied(before));
  assert.ok(
    lines.some(line => line.includes('stop Pod/default/web (within 30 s)')),
    lines.join('\n'),
  );
  assert.ok(lines.some(line => line.includes('remove Pod/default/web')));
});

test('makePlan() says a claim that no pod had is only not present', () => {
  const plan = planOf(desired(claim), nothingBut([]));
  assert.deepEqual(
    plan.changes.map(({ op, why, cost, fields }) => [op, why, cost, fields]),
    [['create', 'not present', '', []]],
  );
});

test('makePlan() removes the old pods of a Deployment whatever becomes of pods that are not of it', () => {
  const before = desired(deployment('web', 'old'), pod('x'));
  const late = applied(before, each =>
    each.key === 'Pod/default/x' ? withContainer(each, 'main', { state: 'unknown' }) : each,
  );
  const plan = planOf(desired(deployment('web', 'new'), pod('x')), late);
  assert.equal(plan.changes.find(({ key }) => key === 'Pod/default/x')?.op, 'wait');
  assert.ok(plan.steps.some(({ action }) => action.verb === 'removePod'));
});

test('makePlan() compares a new pod with one of its own Deployment, though another goes too', () => {
  const actual = applied(desired(deployment('app', 'a-old'), deployment('web', 'w-old')));
  const plan = planOf(desired(deployment('app', 'a-new'), deployment('web', 'w-new')), actual);
  const shown = plan.changes.filter(({ op }) => op === 'create').map(({ fields }) => fields[0]?.applied);
  assert.deepEqual(shown, ['"a-old"', '"w-old"']);
});
