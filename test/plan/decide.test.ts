import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual, ActualContainer, ActualPod, InspectedContainer } from '../../src/model/actual.ts';
import type { Key } from '../../src/model/key.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { FailureRecord, PodRecord } from '../../src/model/record.ts';
import { seal } from '../../src/model/sealed.ts';
import { flawless as desired, pod as podOf } from './manifests.ts';
import { applied, desiredOf, nothingBut, now, planOf, textOf, withContainer } from './scenario.ts';

const key: Key = 'Pod/default/a';
const two = '    - { name: side, image: app:1 }';
const init = '  initContainers: [{ name: one, image: app:1 }, { name: two, image: app:1 }]';
const port = 'ports: [{ containerPort: 80, hostPort: 8080 }]';

const pod = (container = '', more = ''): string => podOf('a', container, more);
const volumes = `
  volumes:
    - { name: tmp, emptyDir: {} }
    - { name: conf, configMap: { name: c } }
    - { name: data, persistentVolumeClaim: { claimName: data } }`;
const mounts = `volumeMounts:
        - { name: tmp, mountPath: /tmp }
        - { name: conf, mountPath: /conf }
        - { name: data, mountPath: /data }`;
const withVolumes = (value: string, container = ''): string => `${pod(`${container}${mounts}`, volumes)}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: c }
data: { k: ${value} }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }`;

const withSecret = (value: string, more = ''): string => `${pod(`${more}
      env: [{ name: PLAIN, value: p }, { name: TOKEN, valueFrom: { secretKeyRef: { name: s, key: t } } }]`)}
---
apiVersion: v1
kind: Secret
metadata: { name: s }
stringData: { t: ${value} }`;

/** The one change of a plan, without what is tested elsewhere. */
function changeOf({ changes }: Plan): readonly (string | undefined)[] {
  assert.equal(changes.length, 1);
  const [change] = changes;
  return [change?.op, change?.why, change?.cost];
}

function stepsOf(plan: Plan): readonly string[] {
  return textOf(plan).filter(line => /^\d/.test(line));
}

function changed(change: (pod: ActualPod) => ActualPod): (pod: ActualPod) => ActualPod {
  return each => (each.key === key ? change(each) : each);
}

/** As it stands after `before`, with images enough for what comes. */
function standing(before: string, change: (pod: ActualPod) => ActualPod = each => each): Actual {
  return { ...applied(desired(before), changed(change)), images: nothingBut(['app:1', 'app:2']).images };
}

function failed(
  actual: Actual,
  count = 1,
  sinceMs = 500,
): { readonly records: Map<Key, PodRecord>; readonly fingerprint: () => string } {
  const record = actual.pods.get(key)?.record;
  assert.ok(record);
  const failure: FailureRecord = { message: 'no luck', hint: undefined, count, atMs: now - sinceMs, fingerprint: 'f' };
  return { records: new Map([[key, { ...record, failure }]]), fingerprint: () => 'f' };
}

const dead: Partial<ActualContainer> = {
  state: 'exited',
  exitCode: 137,
  startedAtMs: now - 60_000,
  exitedAtMs: now - 1000,
};

test('makePlan() makes what a new pod needs, all of it before the pod and before any start', () => {
  const plan = planOf(desired(withVolumes('v')), nothingBut([]));
  assert.deepEqual(stepsOf(plan), [
    '1. pull app:1',
    '2. create volume data',
    '3. create emptyDir tmp',
    '4. write files of volume conf from ConfigMap/default/c',
    '5. create pod a <- 1 2 3 4',
    '6. create container a-main <- 5',
    '7. start container a-main <- 5 6',
    '8. note it in the record of Pod/default/a <- 1 2 3 4 5 6',
  ]);
  const [claim] = plan.changes;
  assert.deepEqual([claim?.op, claim?.why, claim?.cost, claim?.fields], ['create', 'not present', '', []]);
  const record = plan.steps.at(-1)?.action;
  assert.ok(record?.verb === 'writeRecord');
  const { applied: noted, uid, revision, history } = record.patch;
  assert.deepEqual([noted?.key, uid, revision], [key, 'new-Pod/default/a', 'r1']);
  const { result, why, fields, atMs, location } = history ?? {};
  assert.deepEqual([result, why, fields, atMs, location?.file], ['created', 'not present', [], now, 'all.yaml']);
});

test('makePlan() leaves a volume that is on its way to the plan that makes it', () => {
  const busy = new Set<Key>(['PersistentVolumeClaim/default/data']);
  const plan = planOf(desired(withVolumes('v')), nothingBut(['app:1']), { busy });
  assert.ok(!stepsOf(plan).some(line => line.includes('create volume')));
  assert.deepEqual(
    plan.changes.map(change => change.key),
    [key],
  );
});

test('makePlan() makes emptyDirs and files of a pod anew with it', () => {
  const plan = planOf(desired(withVolumes('v', `${port}\n      `)), standing(withVolumes('v')));
  assert.deepEqual(changeOf(plan), ['recreate', 'fields of the sandbox differ', 'pod is recreated: 1 container stops']);
  assert.deepEqual(stepsOf(plan).slice(0, 5), [
    '1. create emptyDir tmp',
    '2. write files of volume conf from ConfigMap/default/c',
    '3. check that 8080/tcp is free <- 1 2',
    '4. remove Pod/default/a (stops within 30 s) <- 1 2 3',
    '5. create pod a <- 1 2 3 4',
  ]);
});

test('makePlan() does not check a port that a pod of ours has: it is set free in time', () => {
  const plan = planOf(desired(pod(port, '  hostname: other')), standing(pod(port)));
  assert.ok(!stepsOf(plan).some(line => line.includes('check')));
  assert.equal(changeOf(plan)[0], 'recreate');
});

test('makePlan() recreates a pod of which an init container differs', () => {
  const plan = planOf(desired(pod('', init.replace('app:1', 'app:2'))), standing(pod('', init)));
  assert.deepEqual(changeOf(plan), ['recreate', "init container 'one' differs", 'pod is recreated: 3 containers stop']);
  assert.ok(stepsOf(plan).some(line => line.includes('start container a-one')));
});

test('makePlan() makes an init container again that is gone, and does not run it in a pod that has begun', () => {
  const without = standing(pod('', init), each => ({
    ...each,
    containers: new Map([...each.containers].filter(([name]) => name !== 'two')),
  }));
  const plan = planOf(desired(pod('', init)), without);
  assert.deepEqual(changeOf(plan), ['replace', "init container 'two' is gone", 'in place']);
  assert.deepEqual(stepsOf(plan), ['1. create container a-two']);
});

test('makePlan() removes a container that is no longer asked for, and notes it', () => {
  const plan = planOf(desired(pod()), standing(pod('', two)));
  assert.deepEqual(
    changeOf(plan),
    ['replace', "container 'side' is no longer asked for", '1 container restart, about 1 s'].map(text =>
      text.replace('1 container restart,', '1 container restarts,'),
    ),
  );
  assert.deepEqual(stepsOf(plan), [
    '1. stop container side (within 30 s)',
    '2. remove container side <- 1',
    '3. note it in the record of Pod/default/a <- 2',
  ]);
});

test('makePlan() stops no container that does not run, and none that has no grace, before it is removed', () => {
  for (const [state, grace] of [
    ['exited', 30],
    ['created', 30],
    ['running', 0],
  ] as const) {
    const more = `  terminationGracePeriodSeconds: ${grace}\n  restartPolicy: Never`;
    const actual = standing(pod('', more), each => withContainer(each, 'main', { ...dead, state }));
    const steps = stepsOf(planOf(desired(pod('command: [x]', more)), actual));
    assert.equal(steps[0], '1. remove container main', `${state} ${grace}`);
  }
});

test('makePlan() replaces several containers side by side', () => {
  const image = (text: string): string => text.replaceAll('app:1', 'app:2');
  const plan = planOf(desired(image(pod('', two))), standing(pod('', two)));
  assert.deepEqual(changeOf(plan), [
    'replace',
    "container 'main' differs; container 'side' differs",
    '2 containers restart, about 1 s',
  ]);
  assert.deepEqual(stepsOf(plan), [
    '1. stop container main (within 30 s)',
    '2. remove container main <- 1',
    '3. stop container side (within 30 s)',
    '4. remove container side <- 3',
    '5. create container a-main <- 2',
    '6. create container a-side <- 4',
    '7. start container a-main <- 5',
    '8. start container a-side <- 6',
    '9. note it in the record of Pod/default/a <- 5 6',
  ]);
  assert.deepEqual([plan.changes[0]?.untilMs, plan.nextMs], [undefined, undefined], 'nothing is due later');
});

test('makePlan() makes the emptyDirs that a container made anew mounts, where they are gone', () => {
  const before = withVolumes('v');
  const after = withVolumes('v', 'command: [x]\n      ');
  const whole = standing(before);
  assert.ok(!stepsOf(planOf(desired(after), whole)).some(line => line.includes('emptyDir')));
  const lost = { ...whole, volumes: new Map([...whole.volumes].filter(([name]) => name === 'data')) };
  assert.equal(stepsOf(planOf(desired(after), lost))[0], '1. create emptyDir tmp');
  const other = desired(`${before.replace(mounts, 'command: [x]')}`);
  assert.ok(!stepsOf(planOf(other, lost)).some(line => line.includes('emptyDir')));
});

test('makePlan() writes files that changed, in place, and notes it', () => {
  const plan = planOf(desired(withVolumes('w')), standing(withVolumes('v')));
  assert.deepEqual(changeOf(plan), ['update', "volume 'conf' changed", 'in place']);
  assert.deepEqual(stepsOf(plan), [
    '1. write files of volume conf from ConfigMap/default/c',
    '2. note it in the record of Pod/default/a <- 1',
  ]);
  assert.deepEqual(planOf(desired(withVolumes('v')), standing(withVolumes('v'))).steps, []);
});

test('makePlan() replaces a container that takes in a Secret whose value changed', () => {
  const plan = planOf(desired(withSecret('new')), standing(withSecret('old')));
  assert.equal(changeOf(plan)[1], "container 'main' takes in a Secret that changed");
  assert.match(stepsOf(plan).at(-1) ?? '', /^5\. note it in the record/, 'or it would be replaced again');
  assert.deepEqual(planOf(desired(withSecret('old')), standing(withSecret('old'))).steps, []);
});

const limits = 'resources: { limits: { cpu: "1", memory: 64Mi } }';
const right: InspectedContainer = {
  env: seal({ PLAIN: 'p', TOKEN: 'old' }),
  cpuLimitMilli: 1000,
  memoryLimitBytes: 64 * 2 ** 20,
};
const inspections: readonly (readonly [string, InspectedContainer | undefined, string])[] = [
  ['nothing', undefined, 'update its record was lost and is written anew'],
  ['what is desired', right, 'update its record was lost and is written anew'],
  [
    'another plain value',
    { ...right, env: seal({ PLAIN: 'q', TOKEN: 'old' }) },
    'update its record was lost and is written anew',
  ],
  [
    'another value of the Secret',
    { ...right, env: seal({ PLAIN: 'p', TOKEN: 'older' }) },
    "replace container 'main' takes in a Secret that changed",
  ],
  ['another CPU limit', { ...right, cpuLimitMilli: 500 }, "replace container 'main' has other resources"],
  ['another memory limit', { ...right, memoryLimitBytes: 1 }, "replace container 'main' has other resources"],
];
for (const [shown, inspected, want] of inspections) {
  test(`makePlan() goes by inspect where the record is lost and it shows ${shown}`, () => {
    const wanted = withSecret('old', `\n      ${limits}`);
    const actual = standing(wanted, each => ({ ...withContainer(each, 'main', { inspected }), record: undefined }));
    const [op, why] = changeOf(planOf(desired(wanted), actual));
    assert.equal(`${op} ${why}`, want);
  });
}

test('makePlan() takes no record of an earlier pod for that of this one', () => {
  const actual = standing(withSecret('old'));
  const record = actual.pods.get(key)?.record;
  assert.ok(record);
  const records = new Map([[key, { ...record, uid: 'an earlier one' }]]);
  const plan = planOf(desired(withSecret('new')), actual, { records });
  assert.deepEqual(changeOf(plan), ['update', 'its record was lost and is written anew', 'in place']);
});

test('makePlan() does not recreate a pod that holds a container of somebody else, and says whose', () => {
  const mixed = standing(pod(), each => ({ ...each, foreign: ['debug', 'shell'] }));
  const plan = planOf(desired(pod(port)), mixed);
  assert.deepEqual(changeOf(plan), [
    'hold',
    "fields of the sandbox differ, but 'a' holds 'debug', 'shell', which is not ours: move it out first",
    '',
  ]);
  assert.deepEqual(plan.steps, []);
  assert.equal(changeOf(planOf(desired(pod('command: [x]')), mixed))[0], 'replace');
});

test('makePlan() checks names and ports before it replaces or recreates', () => {
  const theirs = (actual: Actual): Actual => ({ ...actual, foreignNames: new Map([['a-side', 'container 3fa']]) });
  const added = planOf(desired(pod('', two)), theirs(standing(pod())));
  assert.match(changeOf(added).join(), /^hold,name 'a-side' is taken by container 3fa/);
  assert.deepEqual(added.steps, []);
  const recreated = planOf(desired(pod(port, two)), theirs(standing(pod())));
  assert.equal(changeOf(recreated)[0], 'hold');
  const restarted = planOf(
    desired(pod('', two)),
    theirs(standing(pod('', two), each => withContainer(each, 'main', dead))),
  );
  assert.equal(changeOf(restarted)[0], 'restart', 'a restart needs no name');
});

test('makePlan() says that steps are under way, of one that is desired and of one that is not', () => {
  const busy = new Set<Key>([key]);
  assert.deepEqual(changeOf(planOf(desired(pod()), nothingBut([]), { busy })), ['wait', 'steps are under way', '']);
  const leftover = planOf(desired(''), standing(pod()), { busy });
  assert.deepEqual(changeOf(leftover), ['wait', 'steps are under way', '']);
  assert.deepEqual(leftover.steps, []);
});

test('makePlan() waits for an image that an earlier plan fetches, wherever it is needed, and for no other', () => {
  const busy = new Set<Key>(['Image/-/app:1']);
  for (const yaml of [pod(), pod('', init).replace('app:1', 'app:2')]) {
    const plan = planOf(desired(yaml), nothingBut(['app:2']), { busy });
    assert.deepEqual(changeOf(plan), ['wait', "image 'app:1' is on its way", '']);
    assert.deepEqual(plan.steps, []);
  }
  assert.equal(changeOf(planOf(desired(pod()), nothingBut(['app:1']), { busy }))[0], 'create');
  const other = new Set<Key>(['Image/-/app:9']);
  assert.equal(changeOf(planOf(desired(pod()), nothingBut([]), { busy: other }))[0], 'create');
});

test('makePlan() holds what may not be pulled and is not there', () => {
  const never = 'imagePullPolicy: Never';
  const why = "image 'app:1' is not present and imagePullPolicy is Never: load it, or allow pulling";
  assert.deepEqual(changeOf(planOf(desired(pod(never)), nothingBut([]))), ['hold', why, '']);
  const inInit = pod('', '  initContainers: [{ name: one, image: app:1, imagePullPolicy: Never }]');
  assert.deepEqual(changeOf(planOf(desired(inInit.replace('app:1', 'app:2')), nothingBut(['app:2']))).slice(0, 2), [
    'hold',
    why,
  ]);
  assert.equal(changeOf(planOf(desired(pod(never)), nothingBut(['app:1'])))[0], 'create');
  const built = desiredOf(pod(never).replace('app:1', 'localhost/web:1'), { web: 'd' }).desired;
  assert.equal(changeOf(planOf(built, nothingBut([])))[0], 'create');
});

test('makePlan() pulls an image whose policy is Always once more, for whichever container says so', () => {
  const always = pod('imagePullPolicy: Always', two);
  const pulls = planOf(desired(always), nothingBut(['app:1'])).steps.filter(step => step.action.verb === 'pull');
  assert.equal(pulls.length, 1);
  assert.deepEqual(
    pulls.map(({ key, action }) => [key, action.verb === 'pull' && action.always]),
    [['Image/-/app:1', true]],
  );
  const [only] = planOf(desired(pod()), nothingBut([])).steps;
  assert.equal(only?.action.verb === 'pull' && only.action.always, false);
});

test('makePlan() fetches images in the order of their names', () => {
  const images = ['c:1', 'a:1', 'b:1'];
  const containers = images.map((image, at) => `    - { name: c${at}, image: "${image}" }`).join('\n');
  const steps = stepsOf(planOf(desired(pod('', containers)), nothingBut([])));
  assert.deepEqual(steps.slice(0, 4), ['1. pull a:1', '2. pull app:1', '3. pull b:1', '4. pull c:1']);
});

test('makePlan() keeps what stands running while a change of it waits for its next try', () => {
  const actual = standing(pod('', two), each => withContainer(each, 'main', dead));
  const plan = planOf(desired(pod('command: [x]', two)), actual, failed(actual));
  assert.deepEqual(changeOf(plan), ['restart', "container 'main' exited with 137", '1 container started']);
  assert.deepEqual(stepsOf(plan), ['1. note it in the record of Pod/default/a', '2. start container a-main <- 1']);
  assert.deepEqual(plan.changes[0]?.fields, []);
});

test('makePlan() tells why it waits with a change that failed, where nothing needs repair', () => {
  for (const [count, text] of [
    [1, 'once'],
    [3, '3 times'],
  ] as const) {
    const actual = standing(pod('', two));
    const plan = planOf(desired(pod('command: [x]', two)), actual, failed(actual, count));
    assert.deepEqual(changeOf(plan), ['wait', `container 'main' differs; failed ${text}: no luck`, '']);
    assert.deepEqual(plan.steps, []);
    assert.ok((plan.changes[0]?.untilMs ?? 0) >= now);
  }
});

test('makePlan() tries a failed change again at its very time', () => {
  const actual = standing(pod());
  const wanted = desired(pod('command: [x]'));
  assert.equal(changeOf(planOf(wanted, actual, failed(actual, 1, 999)))[0], 'wait');
  assert.equal(changeOf(planOf(wanted, actual, failed(actual, 1, 1000)))[0], 'replace');
});

test('makePlan() repairs nothing of a pod that is still initializing, nor what backs off by itself', () => {
  const begun = standing(pod('', `${init}\n${two}`.replace(two, '')), each =>
    withContainer(withContainer(each, 'main', { ...dead, startedAtMs: 0 }), 'one', { ...dead, exitCode: 1 }),
  );
  const plan = planOf(desired(pod('command: [x]', init)), begun, failed(begun));
  assert.equal(changeOf(plan)[0], 'wait');
  assert.deepEqual(plan.steps, []);
});

test('makePlan() ends nothing meanwhile by a deadline that only the failed change has', () => {
  const actual = standing(pod(), each => ({ ...each, infra: { ...each.infra, createdAtMs: now - 3_600_000 } }));
  const plan = planOf(desired(pod(port, '  activeDeadlineSeconds: 60')), actual, failed(actual));
  assert.equal(changeOf(plan)[0], 'wait');
  assert.deepEqual(plan.steps, []);
});

test('makePlan() starts no sidecar meanwhile that only the failed change has', () => {
  const actual = standing(pod());
  const proxy = '  initContainers: [{ name: proxy, image: app:1, restartPolicy: Always }]';
  const plan = planOf(desired(pod('', proxy)), actual, failed(actual));
  assert.equal(changeOf(plan)[0], 'wait');
  assert.deepEqual(plan.steps, []);
});

test('makePlan() does not try a failed restart before its time, nor repair it by another restart', () => {
  const actual = standing(pod(), each => withContainer(each, 'main', dead));
  const plan = planOf(desired(pod()), actual, failed(actual));
  assert.match(changeOf(plan).join(), /^wait,container 'main' exited with 137; failed once: no luck/);
  assert.deepEqual(plan.steps, []);
});

test('makePlan() tells what the engine shows to be otherwise, each container with its place', () => {
  const all = pod('', `${two}\n    - { name: last, image: app:1 }\n  restartPolicy: OnFailure`);
  const drifted = standing(all, each => {
    const main = withContainer(withContainer(each, 'main', dead), 'last', { ...dead, exitCode: 0 });
    const found = main.containers.get('side');
    assert.ok(found);
    const containers = new Map([...main.containers, ['extra', { ...found, name: 'extra' }]] as const);
    containers.delete('side');
    return { ...main, containers };
  });
  const [change] = planOf(desired(all), drifted).changes;
  assert.deepEqual(
    change?.fields.map(({ path, applied, desired, live, location }) => [path, applied, desired, live, location?.line]),
    [
      ['containers.side', undefined, 'present', 'gone', 10],
      ['containers.main', undefined, 'running', 'exited with 137', 7],
      ['containers.extra', undefined, undefined, 'present', 6],
    ],
  );
});

test('makePlan() keeps a pod that is as desired without a word of fields', () => {
  const [change] = planOf(desired(pod()), standing(pod())).changes;
  assert.deepEqual([change?.op, change?.why, change?.cost, change?.fields], ['keep', 'up to date', '', []]);
  const finished = standing(pod('', '  restartPolicy: Never'), each => withContainer(each, 'main', dead));
  const drifting = planOf(desired(pod('', '  restartPolicy: Never')), finished).changes[0];
  assert.deepEqual([drifting?.op, drifting?.fields], ['keep', []]);
});

test('makePlan() tells a container that never ran and one that waits in one breath', () => {
  const actual = standing(pod('', two), each => withContainer(withContainer(each, 'main', dead), 'side', dead));
  const record = actual.pods.get(key)?.record;
  assert.ok(record);
  const counts = { backoffCount: 1, restarts: 1, secretDigest: undefined, resources: undefined };
  const records = new Map([[key, { ...record, containers: { main: counts, side: { ...counts, backoffCount: 2 } } }]]);
  const waiting = planOf(desired(pod('', two)), actual, { records });
  assert.deepEqual(changeOf(waiting), [
    'wait',
    "container 'main' exited with 137, back-off; container 'side' exited with 137, back-off",
    '',
  ]);
  assert.equal(waiting.nextMs, now + 9000);
  const half = planOf(
    desired(pod('', two)),
    {
      ...actual,
      pods: new Map([...actual.pods].map(([of, each]) => [of, withContainer(each, 'side', { state: 'created' })])),
    },
    { records },
  );
  assert.deepEqual(changeOf(half), ['start', "container 'side' was never started", '1 container started']);
  assert.equal(half.changes[0]?.untilMs, now + 9000);
});

test('makePlan() starts a created pod whose sandbox does not stand after all of it is made', () => {
  const fresh = { state: 'created', startedAtMs: 0, exitedAtMs: 0 } as const;
  const made = standing(pod(port, two), each => {
    const some = withContainer(each, 'main', fresh);
    const containers = new Map([...some.containers].filter(([name]) => name === 'main'));
    return { ...some, containers, infra: { ...each.infra, state: 'created', startedAtMs: 0 } };
  });
  assert.deepEqual(stepsOf(planOf(desired(pod(port, two)), made)), [
    '1. create container a-side',
    '2. start container a-main <- 1',
    '3. start container a-side <- 1',
    '4. note it in the record of Pod/default/a <- 1',
  ]);
});

test('makePlan() names every file volume that changed', () => {
  const both = (value: string): string =>
    `${withVolumes(value).replace('{ name: tmp, emptyDir: {} }', '{ name: tmp, configMap: { name: c } }')}`;
  const plan = planOf(desired(both('w')), standing(both('v')));
  assert.equal(changeOf(plan)[1], "volume 'tmp', volume 'conf' changed");
});

test('makePlan() replaces a container that was lost with the record, as one that is gone', () => {
  const without = standing(pod(), each => ({ ...each, containers: new Map(), record: undefined }));
  assert.equal(changeOf(planOf(desired(pod()), without))[1], "container 'main' is gone");
  const unapplied = standing(pod(), each => ({
    ...each,
    containers: new Map(),
    record: each.record && { ...each.record, applied: undefined },
  }));
  assert.equal(changeOf(planOf(desired(pod()), unapplied))[1], "container 'main' is gone");
});

test('makePlan() knows no resources of a container that was only counted, and replaces it for none', () => {
  const actual = standing(pod(limits));
  const record = actual.pods.get(key)?.record;
  assert.ok(record);
  const main = { backoffCount: 1, restarts: 1, secretDigest: undefined, resources: undefined };
  const records = new Map([[key, { ...record, containers: { main } }]]);
  assert.equal(changeOf(planOf(desired(pod(limits)), actual, { records }))[0], 'keep');
});

test('makePlan() notes that a container went which the record never knew', () => {
  const copied = standing(pod(), each => {
    const main = each.containers.get('main');
    assert.ok(main);
    return { ...each, containers: new Map([...each.containers, ['extra', { ...main, name: 'extra' }]]) };
  });
  assert.deepEqual(stepsOf(planOf(desired(pod()), copied)), [
    '1. stop container extra (within 30 s)',
    '2. remove container extra <- 1',
    '3. note it in the record of Pod/default/a <- 2',
  ]);
});

test('makePlan() asks for no port that the sandbox as it stands is to keep', () => {
  const theirs = { hostIp: '', hostPort: 8080, protocol: 'tcp', by: 'x' };
  const actual = { ...standing(pod(port)), foreignPorts: [theirs] };
  assert.equal(changeOf(planOf(desired(pod(`command: [x]\n      ${port}`)), actual))[0], 'replace');
});

test('makePlan() has every step wait for success but ways back', () => {
  const { steps } = planOf(desired(withVolumes('v')), nothingBut([]));
  assert.deepEqual([...new Set(steps.map(({ when }) => when))], ['done']);
});

test('makePlan() restarts a container of a pod whose sandbox somebody paused, though the pod itself has its port', () => {
  const paused = standing(pod(port), each => ({
    ...withContainer(each, 'main', dead),
    infra: { ...each.infra, state: 'paused' },
  }));
  assert.equal(changeOf(planOf(desired(pod(port)), paused))[0], 'restart');
});

test('makePlan() keeps what is as desired, though an earlier try to get there failed', () => {
  const actual = standing(pod());
  assert.deepEqual(changeOf(planOf(desired(pod()), actual, failed(actual))), ['keep', 'up to date', '']);
});

test('makePlan() builds nothing anew that was built from the context as it is', () => {
  const { desired: built } = desiredOf(pod().replace('app:1', 'localhost/web:1'), { web: 'd1' });
  const images = new Map([['localhost/web:1', { id: 'i', context: 'd1' }]]);
  assert.ok(!stepsOf(planOf(built, nothingBut([], { images }))).some(line => line.includes('build')));
  const stale = new Map([['localhost/web:1', { id: 'i', context: 'd0' }]]);
  assert.equal(stepsOf(planOf(built, nothingBut([], { images: stale })))[0], '1. build localhost/web:1 from /src/web');
});

test('makePlan() checks no port for a pod that stops none: its start will tell', () => {
  const steps = stepsOf(planOf(desired(pod(port)), nothingBut(['app:1'])));
  assert.ok(!steps.some(line => line.includes('check')));
});

test('makePlan() asks for the port of a pod only where that is started: one that has finished needs none', () => {
  const wanted = (grace: number): string =>
    pod(port, `  restartPolicy: Never\n  terminationGracePeriodSeconds: ${grace}`);
  const finished = standing(wanted(30), each => ({
    ...withContainer(each, 'main', dead),
    infra: { ...each.infra, state: 'exited' },
  }));
  const other = applied(desired(pod(port).replace('name: a', 'name: b')));
  const both = { ...finished, pods: new Map([...finished.pods, ...other.pods]) };
  const plan = planOf(desired(wanted(20)), both, { prune: 'none' });
  assert.equal(plan.changes.find(change => change.key === key)?.op, 'update');
});

test('makePlan() says of a container that is being removed that it is', () => {
  const plan = planOf(
    desired(pod()),
    standing(pod(), each => withContainer(each, 'main', { state: 'removing' })),
  );
  assert.equal(changeOf(plan)[1], "container 'main' is being removed");
});

test('makePlan() tells history once of a pod that is changed while a container of it is restarted, or only stopped', () => {
  const told = (plan: Plan): number =>
    plan.steps.filter(({ action }) => action.verb === 'writeRecord' && action.patch.history !== undefined).length;
  const changed = desired(pod('', two.replace('app:1', 'app:2')));
  const restarted = planOf(
    changed,
    standing(pod('', two), each => withContainer(each, 'main', dead)),
  );
  const failed = { probe: 'liveness', why: 'failed its liveness probe', graceSeconds: undefined } as const;
  const health = { started: true, ready: false, message: '', failed };
  const stopped = planOf(
    desired(pod('', '  terminationGracePeriodSeconds: 5')),
    standing(pod(), each => withContainer(each, 'main', { health })),
  );
  assert.deepEqual([told(restarted), told(stopped)], [1, 1]);
  assert.ok(restarted.steps.filter(({ action }) => action.verb === 'writeRecord').length === 2);
  assert.ok(stopped.steps.some(({ action }) => action.verb === 'stopContainer'));
});
