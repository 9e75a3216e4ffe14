import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desired } from './manifests.ts';
import { applied, now, planOf, textOf, withContainer } from './scenario.ts';

const one = `
apiVersion: v1
kind: Pod
metadata: { name: a-b }
spec:
  initContainers: [{ name: first, image: app:1 }]
  containers: [{ name: c, image: app:1 }, { name: d, image: app:1 }]
`;
const other = `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { containers: [{ name: b-c, image: app:1 }] }
`;

/** Two pods whose containers want one name in the engine, and a source that shows but the loser of them. */
const both = desired(one, other);
const alone = desired(one);
const loser = both.pods.get('Pod/default/a-b')?.containers[0]?.engineName ?? '';
const ended = { state: 'exited', exitCode: 137, exitedAtMs: now - 1000 } as const;
const down = applied(both, each => withContainer(each, 'c', ended));

test('makePlan() leaves a container its name while another of ours has the one that it should have, and restarts it', () => {
  assert.match(loser, /^a-b-c-\w+$/);
  assert.deepEqual(textOf(planOf(alone, down, { prune: 'none' })), [
    "restart Pod/default/a-b: container 'c' exited with 137",
    '1. note it in the record of Pod/default/a-b',
    `2. start container ${loser} <- 1`,
  ]);
});

test('makePlan() names it right once the other is gone', () => {
  const pods = new Map([...down.pods].filter(([key]) => key === 'Pod/default/a-b'));
  assert.match(textOf(planOf(alone, { ...down, pods })).join('\n'), /rename container c back to a-b-c\n/);
});

test('makePlan() leaves the only container of a pod its name, too', () => {
  const single = one.replace(/ {2}initContainers.*\n/, '').replace(', { name: d, image: app:1 }', '');
  const actual = applied(desired(single, other), each => withContainer(each, 'c', ended));
  const plan = textOf(planOf(desired(single), actual, { prune: 'none' }));
  assert.deepEqual([plan.length, plan.join().includes('rename')], [3, false]);
});

test('makePlan() gives a new pod the name that another of ours is to leave', () => {
  const before = applied(desired(one));
  const plan = textOf(planOf(both, before)).filter(line => /a-b-c/.test(line));
  assert.match(plan.join('\n'), /create container a-b-c /);
  assert.match(plan.join('\n'), /rename container c back to a-b-c-\w+$/m);
});
