import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActualPod } from '../../src/model/actual.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import { deployment as deploymentOf, desired, pod as podOf } from './manifests.ts';
import { applied, desiredOf, nothingBut, now, planOf, textOf, withContainer } from './scenario.ts';

const pod = (name: string, more = '', container = ''): string => podOf(name, container, more);
const deployment = (command: string, container = ''): string =>
  deploymentOf('web', command, container, '  replicas: 2');

/** Changes the one pod of a key. */
function onPod(key: Key, change: (pod: ActualPod) => ActualPod | undefined) {
  return (each: ActualPod): ActualPod | undefined => (each.key === key ? change(each) : each);
}

test('makePlan() finds nothing to do once everything stands as desired', () => {
  const wanted = desired(`${pod('a')}\n---${deployment('old')}`);
  const plan = planOf(wanted, applied(wanted));
  assert.deepEqual(plan.steps, []);
  assert.ok(plan.changes.every(change => change.op === 'keep'));
});

test('makePlan() makes a pod, its image pulled first', () => {
  assert.deepEqual(textOf(planOf(desired(pod('a')), nothingBut([]))), [
    'create Pod/default/a: not present',
    '1. pull app:1',
    '2. create pod a <- 1',
    '3. create container a-main <- 2',
    '4. start container a-main <- 2 3',
    '5. note it in the record of Pod/default/a <- 1 2 3',
  ]);
});

test('makePlan() pulls an image once for all pods, and not at all where it is present', () => {
  const both = desired(`${pod('a')}\n---${pod('b')}`);
  assert.equal(planOf(both, nothingBut([])).steps.filter(step => step.action.verb === 'pull').length, 1);
  assert.equal(planOf(both, nothingBut(['app:1'])).steps.filter(step => step.action.verb === 'pull').length, 0);
});

test('makePlan() replaces only the container that differs, inside the running pod', () => {
  const two = (image: string): string => pod('a', `    - { name: side, image: ${image} }`);
  const before = desired(two('app:1'));
  const plan = planOf(desired(two('app:2')), { ...applied(before), images: nothingBut(['app:1', 'app:2']).images });
  assert.deepEqual(textOf(plan), [
    "replace Pod/default/a: container 'side' differs",
    '1. stop container side (within 30 s)',
    '2. remove container side <- 1',
    '3. create container a-side <- 2',
    '4. start container a-side <- 3',
    '5. note it in the record of Pod/default/a <- 3',
  ]);
  assert.deepEqual(
    plan.changes[0]?.fields.map(({ path, applied, desired }) => [path, applied, desired]),
    [['containers.side.image', '"app:1"', '"app:2"']],
  );
});

test('makePlan() recreates the pod when its sandbox differs, after everything is ready', () => {
  const before = desired(pod('a'));
  const after = desired(pod('a', '', 'ports: [{ containerPort: 80, hostPort: 8080 }]'));
  assert.deepEqual(textOf(planOf(after, applied(before))), [
    'recreate Pod/default/a: fields of the sandbox differ',
    '1. check that 8080/tcp is free',
    '2. remove Pod/default/a (stops within 30 s) <- 1',
    '3. create pod a <- 1 2',
    '4. create container a-main <- 3',
    '5. start container a-main <- 3 4',
    '6. note it in the record of Pod/default/a <- 1 3 4',
  ]);
});

test('makePlan() changes labels, grace and restart policy without touching what runs', () => {
  const before = desired(pod('a'));
  const after = desired(pod('a', '  terminationGracePeriodSeconds: 5\n  restartPolicy: OnFailure'));
  const plan = planOf(after, applied(before));
  assert.deepEqual(textOf(plan), [
    'update Pod/default/a: fields changed that touch nothing that runs',
    '1. note it in the record of Pod/default/a',
  ]);
});

test('makePlan() tells a container that was added from one that is gone', () => {
  const before = desired(pod('a'));
  const after = desired(pod('a', '    - { name: more, image: app:1 }'));
  assert.equal(textOf(planOf(after, applied(before)))[0], "replace Pod/default/a: container 'more' is new");
  const without = applied(before, each => ({ ...each, containers: new Map() }));
  assert.equal(textOf(planOf(before, without))[0], "replace Pod/default/a: container 'main' is gone");
});

test('makePlan() replaces a container whose resources changed', () => {
  const before = desired(pod('a'));
  const after = desired(pod('a', '', 'resources: { limits: { memory: 64Mi } }'));
  assert.equal(
    textOf(planOf(after, applied(before)))[0],
    "replace Pod/default/a: container 'main' has other resources",
  );
});

test('makePlan() puts a changed Deployment beside the old one and removes that when the new one runs', () => {
  const before = desired(deployment('old'));
  const plan = planOf(desired(deployment('new')), applied(before));
  const text = textOf(plan).filter(line => !line.includes('record') && !line.includes('forget'));
  const starts = plan.steps.filter(step => step.action.verb === 'startContainer').map(step => step.id);
  const removes = plan.steps.filter(step => step.action.verb === 'removePod');
  assert.equal(removes.length, 2);
  assert.equal(starts.length, 2);
  for (const remove of removes) assert.deepEqual(remove.after, starts);
  assert.ok(!text.some(line => line.includes('stop pod')), text.join('\n'));
});

test('makePlan() hands a host port over: new made, old stopped, new started, old removed, and a way back', () => {
  const port = 'ports: [{ containerPort: 80, hostPort: 8080 }]';
  const one = (command: string): Desired => desired(deployment(command, port).replace('replicas: 2', 'replicas: 1'));
  const before = one('old');
  const plan = planOf(one('new'), applied(before));
  const verbs = plan.steps.map(({ id, action, after, when }) => ({ id, verb: action.verb, after, when }));
  const id = (verb: string): number => verbs.find(step => step.verb === verb)?.id ?? 0;
  const after = (verb: string): readonly number[] => verbs.find(step => step.verb === verb)?.after ?? [];
  assert.ok(after('stopPod').includes(id('createContainer')));
  assert.ok(after('startContainer').includes(id('stopPod')));
  assert.deepEqual(after('removePod'), [id('stopPod'), id('startContainer')]);
  const stopHeir = verbs.findLast(step => step.verb === 'stopPod');
  assert.deepEqual({ after: stopHeir?.after, when: stopHeir?.when }, { after: [id('startContainer')], when: 'failed' });
  assert.deepEqual(after('startPod'), [stopHeir?.id]);
});

test('makePlan() runs the postStart hooks of an old pod on its way back', () => {
  const more =
    'ports: [{ containerPort: 80, hostPort: 8080 }]\n          lifecycle: { postStart: { sleep: { seconds: 1 } } }';
  const one = (command: string): Desired => desired(deployment(command, more).replace('replicas: 2', 'replicas: 1'));
  const { steps } = planOf(one('new'), applied(one('old')));
  const back = steps.flatMap(({ action }) => (action.verb === 'startPod' ? [action] : []));
  assert.deepEqual(
    back[0]?.hooked?.map(({ name, hooks }) => [name, hooks.postStart]),
    [['main', { type: 'sleep', seconds: 1 }]],
  );
});

test('makePlan() keeps the old pod of a Deployment while the new one still initializes', () => {
  const before = desired(deployment('old'));
  const after = desired(deployment('new', '\n      initContainers: [{ name: init, image: app:1 }]'));
  const plan = planOf(after, applied(before));
  assert.equal(plan.steps.filter(step => step.action.verb === 'removePod').length, 0);
  assert.equal(plan.changes.filter(change => change.op === 'hold').length, 2);
});

test('makePlan() starts init containers one after the other, then the main ones', () => {
  const init = '  initContainers: [{ name: one, image: app:1 }, { name: two, image: app:1 }]';
  const wanted = desired(pod('a', init));
  const starts = (actual: ReturnType<typeof applied>): readonly string[] =>
    textOf(planOf(wanted, actual)).filter(line => line.includes('start container'));
  assert.deepEqual(starts(nothingBut(['app:1'])), ['5. start container a-one <- 1 2 3 4']);
  const fresh = { state: 'created', startedAtMs: 0, exitedAtMs: 0 } as const;
  const oneDone = applied(wanted, each => withContainer(withContainer(each, 'two', fresh), 'main', fresh));
  assert.deepEqual(starts(oneDone), ['1. start container a-two']);
  const bothDone = applied(wanted, each => withContainer(each, 'main', fresh));
  assert.deepEqual(starts(bothDone), ['1. start container a-main']);
});

test('makePlan() waits for a failed init container by the back-off, and not for ever under Never', () => {
  const init = (policy: string): Desired =>
    desired(pod('a', `  restartPolicy: ${policy}\n  initContainers: [{ name: one, image: app:1 }]`));
  const failing = (wanted: Desired): ReturnType<typeof applied> =>
    applied(wanted, each => {
      const failed = withContainer(each, 'one', { exitCode: 1, startedAtMs: now - 5_000, exitedAtMs: now - 4_000 });
      const main = withContainer(failed, 'main', { state: 'created', startedAtMs: 0 });
      const record = each.record && {
        ...each.record,
        containers: {
          one: {
            ...each.record.containers.one,
            backoffCount: 1,
            restarts: 1,
            secretDigest: undefined,
            resources: undefined,
          },
        },
      };
      return { ...main, record };
    });
  const always = planOf(init('Always'), failing(init('Always')));
  assert.equal(always.nextMs, now + 6_000);
  assert.deepEqual(textOf(always), ["wait Pod/default/a: init container 'one' exited with 1, back-off"]);
  assert.deepEqual(textOf(planOf(init('Never'), failing(init('Never')))), [
    "hold Pod/default/a: init container 'one' exited with 1 and restartPolicy is Never",
  ]);
});

test('makePlan() restarts a killed container at once the first time, then by the back-off', () => {
  const wanted = desired(pod('a'));
  const killed = (count: number): ReturnType<typeof applied> =>
    applied(wanted, each => {
      const dead = withContainer(each, 'main', {
        state: 'exited',
        exitCode: 137,
        startedAtMs: now - 60_000,
        exitedAtMs: now - 1_000,
      });
      const main = {
        backoffCount: count,
        restarts: count,
        secretDigest: undefined,
        resources: wanted.pods.get('Pod/default/a')?.containers[0]?.resources,
      };
      return { ...dead, record: each.record && { ...each.record, containers: { main } } };
    });
  assert.deepEqual(textOf(planOf(wanted, killed(0))), [
    "restart Pod/default/a: container 'main' exited with 137",
    '1. note it in the record of Pod/default/a',
    '2. start container a-main <- 1',
  ]);
  for (const [count, delayMs] of [
    [1, 10_000],
    [2, 20_000],
    [5, 160_000],
    [6, 300_000],
    [60, 300_000],
  ] as const) {
    assert.equal(planOf(wanted, killed(count)).nextMs, now - 1_000 + delayMs);
  }
});

test('makePlan() leaves finished containers alone, as their policy says', () => {
  const ended = (policy: string, exitCode: number): readonly string[] => {
    const wanted = desired(pod('a', `  restartPolicy: ${policy}`));
    return textOf(
      planOf(
        wanted,
        applied(wanted, each => withContainer(each, 'main', { state: 'exited', exitCode, exitedAtMs: now - 1000 })),
      ),
    );
  };
  assert.deepEqual(ended('Never', 1), []);
  assert.deepEqual(ended('OnFailure', 0), []);
  assert.equal(ended('OnFailure', 1).length, 3);
});

test('makePlan() stops and starts containers whose sandbox died under them', () => {
  const wanted = desired(pod('a'));
  const dead = applied(wanted, each => ({ ...each, infra: { ...each.infra, state: 'exited' } }));
  assert.deepEqual(textOf(planOf(wanted, dead)).slice(0, 3), [
    "restart Pod/default/a: container 'main' lost its sandbox",
    '1. stop container main (within 30 s)',
    '2. start container a-main <- 1',
  ]);
});

test('makePlan() removes what is no longer asked for only where that is certain', () => {
  const before = desired(`${pod('a')}\n---${pod('b')}`);
  const actual = applied(before);
  const after = desired(pod('a'));
  assert.deepEqual(textOf(planOf(after, actual, { prune: 'none' })), []);
  assert.deepEqual(textOf(planOf(after, actual, { prune: new Set() })), []);
  const pruned = textOf(planOf(after, actual, { prune: new Set<Key>(['Pod/default/b']) }));
  assert.equal(pruned[0], 'remove Pod/default/b: no longer in the source');
  assert.equal(pruned[1], '1. remove Pod/default/b (stops within 30 s)');
});

test('makePlan() touches nothing of an object that is refused, and keeps it running', () => {
  const before = desired(`${pod('a')}\n---${pod('b')}`);
  const { desired: broken } = desiredOf(`${pod('a')}\n---${pod('b', '  wrong: 1')}`);
  assert.equal(broken.complete, false);
  const crashed = applied(
    before,
    onPod('Pod/default/b', each => withContainer(each, 'main', { state: 'exited', exitCode: 1, exitedAtMs: now })),
  );
  const held = planOf(broken, crashed, { prune: 'none' });
  assert.deepEqual(held.steps, []);
  assert.equal(held.changes.find(change => change.key === 'Pod/default/b')?.op, 'hold');
  const kept = planOf(broken, crashed, { prune: 'none', keepStanding: true });
  assert.deepEqual(
    kept.steps.map(step => step.action.verb),
    ['writeRecord', 'startPod'],
  );
});

test('makePlan() never removes a pod that holds a container of somebody else', () => {
  const wanted = desired(pod('a'));
  const mixed = applied(wanted, each => ({ ...each, foreign: ['debug'] }));
  const plan = planOf(desired(''), mixed);
  assert.deepEqual(plan.steps, []);
  assert.equal(plan.changes[0]?.op, 'hold');
});

test('makePlan() says whose name or port stands in the way, before it touches anything', () => {
  const wanted = desired(pod('a', '', 'ports: [{ containerPort: 80, hostPort: 8080 }]'));
  const named = nothingBut(['app:1'], { foreignNames: new Map([['a', 'container 3fa']]) });
  assert.deepEqual(textOf(planOf(wanted, named)), [
    "hold Pod/default/a: name 'a' is taken by container 3fa, which is not ours: rename or remove one of them",
  ]);
  const ported = nothingBut(['app:1'], {
    foreignPorts: [{ hostIp: '', hostPort: 8080, protocol: 'tcp', by: 'container x' }],
  });
  assert.deepEqual(textOf(planOf(wanted, ported)), [
    'hold Pod/default/a: port 8080/tcp is taken by container x, which is not ours: stop it or choose another hostPort',
  ]);
});

test('makePlan() gives no steps to keys with steps under way', () => {
  const wanted = desired(pod('a'));
  const plan = planOf(wanted, nothingBut(['app:1']), { busy: new Set<Key>(['Pod/default/a']) });
  assert.deepEqual(plan.steps, []);
  assert.equal(plan.changes[0]?.op, 'wait');
});

test('makePlan() builds when the context changed, and the container follows', () => {
  const yaml = pod('a').replace('app:1', 'localhost/web:1');
  const before = desiredOf(yaml, { web: 'd1' }).desired;
  const after = desiredOf(yaml, { web: 'd2' }).desired;
  assert.deepEqual(planOf(before, applied(before)).steps, []);
  assert.equal(textOf(planOf(after, applied(before)))[1], '1. build localhost/web:1 from /src/web');
});

test('makePlan() sweeps emptyDir volumes and files of pods that are gone', () => {
  const actual = nothingBut([], {
    volumes: new Map([
      ['u_tmp', { name: 'u_tmp', owner: 'podstead', key: 'Pod/default/gone' as Key, uid: 'u' }],
      ['theirs', { name: 'theirs', owner: undefined, key: undefined, uid: undefined }],
      ['other', { name: 'other', owner: 'other', key: 'Pod/default/x' as Key, uid: 'v' }],
      ['data', { name: 'data', owner: 'podstead', key: 'PersistentVolumeClaim/default/data' as Key, uid: undefined }],
    ]),
    fileUids: ['u'],
  });
  assert.deepEqual(textOf(planOf(desired(''), actual)), [
    '1. remove volume u_tmp',
    '2. remove files of a pod that is gone (u)',
  ]);
});

test('makePlan() waits after a failure and tries another wish at once', () => {
  const wanted = desired(pod('a'));
  const other = desired(pod('a', '', 'command: [x]'));
  const key: Key = 'Pod/default/a';
  const failed = applied(wanted).pods.get(key)?.record;
  assert.ok(failed);
  const failure = { message: 'no such image', hint: undefined, count: 2, atMs: now - 1_000, fingerprint: 'f' };
  const records = new Map([[key, { ...failed, uid: undefined, failure }]]);
  const opts = {
    records,
    fingerprint: (each: { canonical: unknown }) => (JSON.stringify(each.canonical).includes('"x"') ? 'g' : 'f'),
  };
  assert.deepEqual(textOf(planOf(wanted, nothingBut([]), opts)), [
    'wait Pod/default/a: not present; failed 2 times: no such image',
  ]);
  assert.equal(planOf(wanted, nothingBut([]), opts).nextMs, now + 9_000);
  assert.equal(planOf(other, nothingBut([]), opts).changes[0]?.op, 'create');
  assert.equal(planOf(wanted, nothingBut([]), { ...opts, retryNow: true }).changes[0]?.op, 'create');
});

test('makePlan() waits for no moment that a clock set back has put into the future', () => {
  const wanted = desired(pod('a'));
  const key: Key = 'Pod/default/a';
  const later = now + 3_600_000;
  const dead = applied(wanted, each => {
    const main = { backoffCount: 3, restarts: 3, secretDigest: undefined, resources: undefined };
    const ended = withContainer(each, 'main', { state: 'exited', startedAtMs: later - 60_000, exitedAtMs: later });
    return { ...ended, record: each.record && { ...each.record, containers: { main } } };
  });
  assert.equal(planOf(wanted, dead).changes[0]?.op, 'restart');
  const record = applied(wanted).pods.get(key)?.record;
  assert.ok(record);
  const failure = { message: 'no such image', hint: undefined, count: 9, atMs: later, fingerprint: 'f' };
  const opts = { records: new Map([[key, { ...record, uid: undefined, failure }]]), fingerprint: () => 'f' };
  assert.equal(planOf(wanted, nothingBut([]), opts).changes[0]?.op, 'create');
});

test('makePlan() does not depend on the order of documents', () => {
  const documents = [pod('a'), pod('b'), deployment('old')];
  const one = textOf(planOf(desired(documents.join('\n---')), nothingBut([])));
  const other = textOf(planOf(desired(documents.toReversed().join('\n---')), nothingBut([])));
  assert.deepEqual(one, other);
});

test('makePlan() has steps wait on earlier ones only', () => {
  const before = desired(`${deployment('old')}\n---${pod('a')}`);
  const plan = planOf(desired(`${deployment('new')}\n---${pod('b')}`), applied(before));
  assert.ok(plan.steps.length > 5);
  for (const step of plan.steps) assert.ok(step.after.every(id => id < step.id));
});

test('makePlan() says that data is lost when a claim of a pod is gone', () => {
  const claim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---${pod('a', '  volumes: [{ name: d, persistentVolumeClaim: { claimName: data } }]', 'volumeMounts: [{ name: d, mountPath: /d }]')}`;
  const wanted = desired(claim);
  const whole = applied(wanted);
  assert.deepEqual(planOf(wanted, whole).steps, []);
  const lost = planOf(wanted, { ...whole, volumes: new Map() });
  assert.match(lost.changes.find(change => change.op === 'create')?.why ?? '', /what was in it is lost/);
});

test('makePlan() takes a port over once for one wish, unless a person asks again', () => {
  const port = 'ports: [{ containerPort: 80, hostPort: 8080 }]';
  const one = (command: string): Desired => desired(deployment(command, port).replace('replicas: 2', 'replicas: 1'));
  const [before, after] = [one('old'), one('new')];
  const [key] = [...after.pods.keys()];
  const actual = applied(before);
  const [known] = [...actual.pods.values()].flatMap(each => each.record ?? []);
  assert.ok(key && known);
  const failure = { message: 'no such program', hint: undefined, count: 1, atMs: now - 3_600_000, fingerprint: 'f' };
  const records = new Map([[key, { ...known, key, uid: undefined, failure }]]);
  const opts = { records, fingerprint: () => 'f' };
  const held = planOf(after, actual, opts);
  assert.deepEqual(held.steps, []);
  assert.match(held.changes.find(change => change.key === key)?.why ?? '', /serves again: no such program/);
  assert.ok(planOf(after, actual, { ...opts, retryNow: true }).steps.length > 0);
});

test('makePlan() does not start at once what failed to start', () => {
  const wanted = desired(pod('a'));
  const key: Key = 'Pod/default/a';
  const actual = applied(wanted, each => withContainer(each, 'main', { state: 'created', startedAtMs: 0 }));
  const record = actual.pods.get(key)?.record;
  assert.ok(record);
  const failure = { message: 'no such program', hint: undefined, count: 3, atMs: now - 1_000, fingerprint: 'f' };
  const plan = planOf(wanted, actual, { records: new Map([[key, { ...record, failure }]]), fingerprint: () => 'f' });
  assert.deepEqual(plan.steps, []);
  assert.equal(plan.nextMs, now + 19_000);
});

test('makePlan() tells the fields in which a Deployment changed, though its pods are new', () => {
  const before = desired(deployment('old'));
  const plan = planOf(desired(deployment('new')), applied(before));
  const created = plan.changes.find(change => change.op === 'create');
  assert.deepEqual(
    created?.fields.map(({ path, applied, desired }) => [path, applied, desired]),
    [['containers.main.command.0', '"old"', '"new"']],
  );
});

test('makePlan() gives a container that was renamed by hand its name back, before it is started', () => {
  const wanted = desired(pod('a'));
  const renamed = applied(wanted, each => withContainer(each, 'main', { engineName: 'x' }));
  assert.deepEqual(textOf(planOf(wanted, renamed)), [
    "update Pod/default/a: container 'main' was renamed to 'x'",
    '1. rename container main back to a-main',
  ]);
  const ended = applied(wanted, each =>
    withContainer(each, 'main', { engineName: 'x', state: 'exited', exitCode: 137, exitedAtMs: now - 1000 }),
  );
  assert.deepEqual(textOf(planOf(wanted, ended)), [
    "restart Pod/default/a: container 'main' was renamed to 'x'; container 'main' exited with 137",
    '1. rename container main back to a-main',
    '2. note it in the record of Pod/default/a',
    '3. start container a-main <- 1 2',
  ]);
});

test('makePlan() holds a renamed container while somebody else has its name', () => {
  const wanted = desired(pod('a'));
  const renamed = applied(wanted, each => withContainer(each, 'main', { engineName: 'x' }));
  const taken = { ...renamed, foreignNames: new Map([['a-main', 'container 3fa']]) };
  assert.match(textOf(planOf(wanted, taken))[0] ?? '', /^hold .*'a-main' is taken by container 3fa/);
});

test('makePlan() lets a paused container go on, and restarts nothing beside it though the sandbox is paused too', () => {
  const wanted = desired(pod('a', '    - { name: side, image: app:1 }'));
  const paused = applied(wanted, each => {
    const infra = { ...each.infra, state: 'paused' as const };
    return withContainer({ ...each, infra }, 'main', { state: 'paused' });
  });
  assert.deepEqual(textOf(planOf(wanted, paused)), [
    "start Pod/default/a: container 'main' was paused by hand",
    '1. let container a-main go on',
  ]);
});
