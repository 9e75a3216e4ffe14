import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actual, ActualContainer, ActualPod } from '../../src/model/actual.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Key } from '../../src/model/key.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { PlanOptions } from '../../src/plan/plan.ts';
import { applied, desiredOf, now, planOf, textOf, withContainer } from './scenario.ts';

const key: Key = 'Pod/default/a';
const yaml = (policy: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  restartPolicy: ${policy}
  terminationGracePeriodSeconds: 7
  initContainers: [{ name: b-init, image: app:1 }]
  containers: [{ name: main, image: app:1 }, { name: back, image: app:1 }, { name: last, image: app:1 }]`;
const { desired: nothing } = desiredOf('');

function desired(policy: string): Desired {
  return desiredOf(yaml(policy)).desired;
}

/** What stands though nothing asks for it, and nothing may be pruned. */
function left(change: (pod: ActualPod) => ActualPod, policy = 'Always', opts: Partial<PlanOptions> = {}): Plan {
  return planOf(nothing, applied(desired(policy), change), { prune: 'none', keepStanding: true, ...opts });
}

const dead = (agoMs: number, exitCode = 1): Partial<ActualContainer> => ({
  state: 'exited',
  exitCode,
  startedAtMs: now - 60_000,
  exitedAtMs: now - agoMs,
});

function counted(pod: ActualPod, backoffCount: number): ActualPod {
  const record = { backoffCount, restarts: 9, secretDigest: undefined, resources: undefined };
  const containers = Object.fromEntries([...pod.containers.keys()].map(name => [name, record]));
  return { ...pod, record: pod.record && { ...pod.record, containers } };
}

test('makePlan() keeps standing what nothing asks for: counted, then started, the containers sorted', () => {
  const plan = left(pod => withContainer(withContainer(pod, 'main', dead(2000)), 'back', dead(2000, 2)));
  assert.deepEqual(textOf(plan), [
    "restart Pod/default/a: container 'back' exited with 2; container 'main' exited with 1 (not in the source; nothing is pruned now)",
    '1. note it in the record of Pod/default/a',
    '2. start back, main of Pod/default/a <- 1',
  ]);
  const [first] = plan.steps;
  assert.deepEqual(first?.action.verb === 'writeRecord' && first.action.patch, {
    containers: { back: { backoffCount: 1, restarts: 1 }, main: { backoffCount: 1, restarts: 1 } },
  });
});

test('makePlan() keeps standing by the back-off, and looks again at the earliest end of one', () => {
  const plan = left(pod => counted(withContainer(withContainer(pod, 'main', dead(1000)), 'last', dead(4000)), 1));
  assert.deepEqual(plan.steps, []);
  assert.equal(plan.changes[0]?.op, 'keep');
  assert.equal(plan.nextMs, now + 6000);
  const other = left(pod => counted(withContainer(withContainer(pod, 'main', dead(4000)), 'last', dead(1000)), 1));
  assert.equal(other.nextMs, now + 6000);
  const calm = left(pod => pod);
  assert.deepEqual([calm.nextMs, calm.changes[0]?.op, calm.changes[0]?.untilMs], [undefined, 'keep', undefined]);
});

test('makePlan() keeps standing by the restart policy that was applied last', () => {
  const exits = (exitCode: number) => (pod: ActualPod) => withContainer(pod, 'main', dead(1000, exitCode));
  assert.deepEqual(left(exits(1), 'Never').steps, []);
  assert.deepEqual(left(exits(0), 'OnFailure').steps, []);
  assert.equal(left(exits(1), 'OnFailure').steps.length, 2);
  assert.equal(left(exits(0), 'Always').steps.length, 2);
});

test('makePlan() runs the init containers first of what it keeps standing, after it stopped what lost its sandbox', () => {
  const plan = left(pod => ({ ...withContainer(pod, 'main', dead(1000)), infra: { ...pod.infra, state: 'exited' } }));
  assert.deepEqual(textOf(plan).slice(1), [
    '1. note it in the record of Pod/default/a',
    '2. stop container back (within 7 s)',
    '3. stop container last (within 7 s)',
    '4. start b-init of Pod/default/a <- 1 2 3',
  ]);
});

test('makePlan() restarts nothing where the record of what was applied is lost, is under way, or is to go', () => {
  const crashed = (pod: ActualPod): ActualPod => withContainer(pod, 'main', dead(1000));
  assert.deepEqual(left(pod => ({ ...crashed(pod), record: undefined })).steps, []);
  assert.deepEqual(
    left(pod => ({ ...crashed(pod), record: pod.record && { ...pod.record, applied: undefined } })).steps,
    [],
  );
  assert.deepEqual(left(crashed, 'Always', { busy: new Set([key]) }).steps, []);
  const going = left(crashed, 'Always', { prune: 'all' });
  assert.deepEqual(
    going.steps.map(({ action }) => action.verb),
    ['removePod', 'removeRecord', 'removeNetwork'],
  );
  const idle: Actual = applied(desired('Always'), crashed);
  assert.deepEqual(planOf(nothing, idle, { prune: 'none' }).steps, [], 'only where it is asked to');
});

test('makePlan() starts all main containers of what it keeps standing, once the init containers ended well', () => {
  const fresh = { state: 'created', startedAtMs: 0, exitedAtMs: 0 } as const;
  const plan = left(pod => ['main', 'back', 'last'].reduce((each, name) => withContainer(each, name, fresh), pod));
  assert.equal(textOf(plan).at(-1), '2. start back, last, main of Pod/default/a <- 1');
});

test('makePlan() keeps standing with the postStart hooks of the last time, and not of what only goes on', () => {
  const hooked = (name: string): string =>
    `{ name: ${name}, image: app:1, lifecycle: { postStart: { exec: { command: [${name}] } } } }`;
  const spec = `spec:\n  terminationGracePeriodSeconds: 7\n  containers: [${hooked('main')}, ${hooked('held')}, { name: last, image: app:1 }]`;
  const { desired: before } = desiredOf(`apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n${spec}`);
  const change = (pod: ActualPod): ActualPod => {
    const ended = withContainer(withContainer(pod, 'main', dead(2000)), 'last', dead(2000));
    return withContainer(ended, 'held', { state: 'paused' });
  };
  const actual = applied(before, change);
  const plan = planOf(nothing, actual, { prune: 'none', keepStanding: true });
  const starts = plan.steps.flatMap(({ action }) => (action.verb === 'startPod' ? [action] : []));
  assert.deepEqual(starts[0]?.containers, ['held', 'last', 'main']);
  const id = actual.pods.get(key)?.containers.get('main')?.id;
  const hooks = { postStart: { type: 'exec', command: ['main'] } };
  assert.deepEqual(starts[0]?.hooked, [{ name: 'main', id, hooks, graceSeconds: 7 }]);
});
