import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActualPod } from '../../src/model/actual.ts';
import { applied, desiredOf, planOf, textOf, withContainer } from './scenario.ts';

const pod = (volume: string, command = 'one'): string => `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: c, image: 'x:1', command: [${command}], volumeMounts: [{ name: cache, mountPath: /cache }] }
    - { name: other, image: 'x:1' }
  volumes: [{ name: cache, ${volume} }]
`;
const memory = (more = ''): string => `emptyDir: { medium: Memory ${more} }`;

/** What is planned for a pod that was applied as `before` and is wanted as `after`. */
function planned(before: string, after: string, change = (each: ActualPod): ActualPod => each): readonly string[] {
  const wanted = desiredOf(after);
  assert.deepEqual(wanted.problems, []);
  return textOf(planOf(wanted.desired, applied(desiredOf(before).desired, change)));
}

const unkept = (each: ActualPod): ActualPod => ({ ...each, memory: [] });
const recreated = 'recreate Pod/default/web: ';
const cases: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ['nothing where nothing changed', planned(pod(memory()), pod(memory())), undefined],
  [
    'no more than a container',
    planned(pod(memory()), pod(memory(), 'two')),
    "replace Pod/default/web: container 'c' differs",
  ],
  [
    'another pod for another limit',
    planned(pod(memory(', sizeLimit: 1Mi')), pod(memory(', sizeLimit: 2Mi'))),
    `${recreated}emptyDir 'cache' in memory has another size limit`,
  ],
  [
    'a note for another limit on disk',
    planned(pod('emptyDir: { sizeLimit: 1Mi }'), pod('emptyDir: { sizeLimit: 2Mi }')),
    'update Pod/default/web: fields changed that touch nothing that runs',
  ],
  [
    'another pod for a volume that comes to memory',
    planned(pod('emptyDir: {}'), pod(memory())),
    `${recreated}emptyDir 'cache' is to be kept in memory`,
  ],
  [
    'another pod for a volume that leaves it',
    planned(pod(memory()), pod('emptyDir: {}')),
    `${recreated}emptyDir 'cache' is no longer in memory`,
  ],
  ['nothing for a pod of a version that kept none', planned(pod(memory()), pod(memory()), unkept), undefined],
  [
    'another pod where a container of such a one is made anew',
    planned(pod(memory()), pod(memory(), 'two'), unkept),
    `${recreated}emptyDir 'cache' is to be kept in memory`,
  ],
  [
    'nothing for such a one whose container only restarts',
    planned(pod(memory()), pod(memory()), each => withContainer(unkept(each), 'c', { state: 'exited', exitedAtMs: 1 })),
    "restart Pod/default/web: container 'c' exited with 0",
  ],
];
for (const [name, plan, want] of cases)
  test(`a plan for memory is ${name}`, () => assert.equal(plan[0], want, plan.join('\n')));

test('images of volumes and of claims are pulled before anything of theirs is made', () => {
  const { desired, problems } = desiredOf(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: d, annotations: { volume.podman.io/image: 'claimed:1' } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---${pod("image: { reference: 'y:1' }")}`);
  assert.deepEqual(problems, []);
  const lines = textOf(planOf(desired, applied(desiredOf('').desired)));
  const at = (words: string): number => lines.findIndex(line => line.includes(words));
  const step = (words: string): string => /^\d+/.exec(lines[at(words)] ?? '')?.[0] ?? 'none';
  assert.match(lines[at('create container web-c')] ?? '', /<-/);
  assert.ok(at('pull y:1') >= 0 && at('pull claimed:1') >= 0, lines.join('\n'));
  assert.match(lines[at('create volume d')] ?? '', new RegExp(`<- ${step('pull claimed:1')}$`));
  assert.match(lines[at('create pod web')] ?? '', new RegExp(`<- .*\\b${step('pull y:1')}\\b`));
});
