import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual, ActualPod } from '../../src/model/actual.ts';
import type { PodRecord } from '../../src/model/record.ts';
import { mergeRecord } from '../../src/record/merge.ts';
import { applied, desiredOf, now, planOf, textOf, withContainer } from './scenario.ts';

const day = 86_400_000;

/** A pod of two containers; the annotations are the pod's. */
const web = (annotations: string, more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: web, annotations: { ${annotations} } }
spec:
  containers:
    - { name: main, image: 'localhost/app:1' ${more} }
    - { name: side, image: 'localhost/app:1' }
`;
const local = 'io.containers.autoupdate/main: local';
const registry = 'io.containers.autoupdate/main: registry';

/** The same host, the name of its image having another one now. */
function moved(actual: Actual, id = 'newer'): Actual {
  const image = { id, context: undefined };
  return { ...actual, images: new Map([...actual.images, ['localhost/app:1', image], ['image0', image]]) };
}

/** The pod's record as it is after these notes. */
function noted(pod: ActualPod, containers: PodRecord['containers'] | object): ActualPod {
  const { record } = pod;
  return record === undefined
    ? pod
    : { ...pod, record: mergeRecord(record, { containers: { ...containers } }, '/src') };
}

const asked = (atMs: number | undefined) => (pod: ActualPod) => noted(pod, { main: { askedAtMs: atMs } });

test('makePlan() makes that container anew alone whose name has another image, and pulls nothing for it', () => {
  const { desired, problems } = desiredOf(web(local, ', imagePullPolicy: Always'));
  assert.deepEqual(problems, []);
  const plan = planOf(desired, moved(applied(desired)));
  assert.deepEqual(textOf(plan), [
    "replace Pod/default/web: container 'main' follows 'localhost/app:1', which is another image by now: newer",
    '1. note it in the record of Pod/default/web',
    '2. stop container main (within 30 s) <- 1',
    '3. remove container main <- 2',
    '4. create container web-main <- 1 3',
    '5. start container web-main <- 4',
    '6. note it in the record of Pod/default/web <- 1 4',
  ]);
  assert.deepEqual(
    plan.changes[0]?.fields.map(({ path, desired: to, live }) => [path, to, live]),
    [['containers.main.image', 'newer', 'image0']],
  );
});

test('makePlan() leaves containers with the image that they run from unless they are to follow its name', () => {
  for (const annotation of ['a: b', 'io.containers.autoupdate: disabled']) {
    const { desired } = desiredOf(web(annotation));
    assert.deepEqual(textOf(planOf(desired, moved(applied(desired)))), [], annotation);
  }
  const all = desiredOf(web('io.containers.autoupdate: local')).desired;
  assert.match(textOf(planOf(all, moved(applied(all))))[0] ?? '', /'main' follows .*; container 'side' follows/);
});

test('makePlan() asks a registry once a day, and touches nothing for it', () => {
  const { desired } = desiredOf(web(registry));
  const check = 'check Image/-/localhost/app:1: its registry was not asked for a newer image';
  const first = planOf(desired, applied(desired, asked(undefined)));
  assert.deepEqual(textOf(first), [
    `${check} yet`,
    '1. pull localhost/app:1',
    '2. note it in the record of Pod/default/web <- 1',
  ]);
  assert.deepEqual(
    [...new Set(first.steps.map(({ key }) => key))],
    ['Image/-/localhost/app:1'],
    'no pod fails with it',
  );
  const fresh = planOf(desired, applied(desired, asked(now - day + 1)));
  assert.deepEqual([textOf(fresh), fresh.nextMs], [[], now + 1]);
  const due = planOf(desired, applied(desired, asked(now - day)));
  assert.equal(textOf(due)[0], `${check} since ${new Date(now - day).toISOString().slice(0, 19)}Z`);
  assert.deepEqual(textOf(planOf(desired, applied(desired, asked(now - day)), { checkEveryMs: 0 })), []);
  assert.deepEqual(textOf(planOf(desired, applied(desired, asked(now - day)), { checkEveryMs: day + 1 })), []);
});

test('makePlan() asks again at once where the clock was set back since the last time', () => {
  const { desired } = desiredOf(web(registry));
  assert.match(textOf(planOf(desired, applied(desired, asked(now + day))))[0] ?? '', /^check .* yet$/);
});

test('makePlan() asks no registry while a try of it is under way or rests', () => {
  const { desired } = desiredOf(web(registry));
  const busy = new Set(['Image/-/localhost/app:1'] as const);
  assert.deepEqual(textOf(planOf(desired, applied(desired, asked(undefined)), { busy })), []);
});

test('makePlan() starts no second pull of an image that is on its way, though it is to be pulled always', () => {
  const { desired } = desiredOf(web('a: b', ', imagePullPolicy: Always'));
  const busy = new Set(['Image/-/localhost/app:1'] as const);
  const actual = applied(desired, pod => withContainer(pod, 'main', { digest: 'earlier' }));
  const plan = planOf(desired, actual, { busy });
  assert.deepEqual(textOf(plan), ["wait Pod/default/web: image 'localhost/app:1' is on its way"]);
});

test('makePlan() goes back to the image before where a container cannot be started from the newer one', () => {
  const { desired } = desiredOf(web(local));
  const failure = { message: 'no such program', hint: undefined, count: 1, atMs: now - 60_000, fingerprint: '' };
  const failed = (pod: ActualPod): ActualPod => {
    const after = withContainer(pod, 'main', { state: 'created', imageId: 'newer', startedAtMs: 0 });
    const { record } = noted(after, { main: { followed: { from: 'image0', to: 'newer' } } });
    return { ...after, record: record && { ...record, failure } };
  };
  const actual = moved(applied(desired, failed));
  const lines = textOf(planOf(desired, actual));
  assert.match(
    lines[0] ?? '',
    /^replace .*'main' cannot be started from its newer image newer: it goes back to image0$/,
  );
  const plan = planOf(desired, actual);
  const created = plan.steps.flatMap(({ action }) => (action.verb === 'createContainer' ? action.container.image : []));
  assert.deepEqual(created, ['image0']);
  assert.ok(!lines.some(line => line.includes('pull')), 'an id is pulled from nowhere');

  const back = (pod: ActualPod): ActualPod => noted(pod, { main: { refused: 'newer' } });
  assert.deepEqual(textOf(planOf(desired, moved(applied(desired, back)))), [], 'it is not tried a second time');
  assert.match(textOf(planOf(desired, moved(applied(desired, back), 'mended')))[0] ?? '', /by now: mended$/);
});

test('makePlan() restarts nothing where the record was lost: the image behind the name counts as seen', () => {
  const { desired } = desiredOf(web(local));
  const plan = planOf(desired, moved(applied(desired, pod => ({ ...pod, record: undefined }))));
  assert.deepEqual(
    plan.steps.map(({ action }) => action.verb),
    ['writeRecord', 'writeRecord'],
  );
  const [first] = plan.steps.map(({ action }) => (action.verb === 'writeRecord' ? action.patch.containers : undefined));
  assert.deepEqual(first, { main: { refused: 'newer' } });
});

test('makePlan() runs no finished container again for a newer image', () => {
  const { desired } = desiredOf(web(local).replace('spec:', 'spec:\n  restartPolicy: OnFailure'));
  const ended = { state: 'exited', exitCode: 0, exitedAtMs: now } as const;
  const actual = applied(desired, pod => withContainer(withContainer(pod, 'main', ended), 'side', ended));
  assert.deepEqual(textOf(planOf(desired, moved(actual))), []);
});

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web }, annotations: { io.containers.autoupdate: local } }
    spec: { containers: [{ name: main, image: 'localhost/app:1' }] }
`;

test("makePlan() has a Deployment's pods follow one after the other; one that does not run has nothing to lose", () => {
  const { desired } = desiredOf(deployment);
  const ops = (actual: Actual): readonly string[] => planOf(desired, actual).changes.map(({ op }) => op);
  const actual = moved(applied(desired));
  assert.deepEqual(ops(actual), ['replace', 'wait']);
  const [one, other] = [...desired.pods.keys()];
  const waits = textOf(planOf(desired, actual)).filter(line => line.startsWith('wait'));
  assert.deepEqual(waits, [`wait ${other}: container 'main' follows its image once '${one}' is ready with it`]);
  const onNewer = (key: string | undefined, state: 'running' | 'created') => (pod: ActualPod) =>
    pod.key === key ? withContainer(pod, 'main', { imageId: 'newer', state }) : pod;
  assert.deepEqual(ops(moved(applied(desired, onNewer(one, 'created')))), ['start', 'wait']);
  assert.deepEqual(ops(moved(applied(desired, onNewer(one, 'running')))), ['keep', 'replace']);
  const down = (pod: ActualPod): ActualPod =>
    pod.key === other ? withContainer(pod, 'main', { state: 'created', startedAtMs: 0 }) : pod;
  assert.deepEqual(ops(moved(applied(desired, down))), ['wait', 'replace']);
});
