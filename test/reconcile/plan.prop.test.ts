import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fingerprint } from '../../src/desired/pod.ts';
import { canonical } from '../../src/manifest/canon.ts';
import type { Actual, ActualPod } from '../../src/model/actual.ts';
import type { Desired } from '../../src/model/desired.ts';
import { type Key, keyOf } from '../../src/model/key.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { PodRecord } from '../../src/model/record.ts';
import { makePlan } from '../../src/plan/plan.ts';
import { type Edit, edited, edits, emptyTree } from '../arbitraries/edits.ts';
import { type Layout, layouts, plainLayout } from '../arbitraries/layout.ts';
import { type Wish, wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { applied, now } from '../plan/scenario.ts';
import { loaded, snapshotOf } from './world.ts';

/** What a host may look like when a plan is made: an earlier wish, and what became of it since. */
interface Scene {
  readonly before: Wish;
  readonly edit: Edit;
  /** What befell each pod, in turn. */
  readonly drift: readonly (
    | 'none'
    | 'gone'
    | 'ended'
    | 'stopped'
    | 'otherImage'
    | 'moved'
    | 'noRecord'
    | 'guest'
    | 'failed'
  )[];
  readonly busy: number;
  readonly prune: 'none' | 'all' | 'some';
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  before: wishes(),
  edit: edits({ breaking: true }),
  drift: fc.array(
    fc.constantFrom(
      'none' as const,
      'none',
      'gone',
      'ended',
      'stopped',
      'otherImage',
      'moved',
      'noRecord',
      'guest',
      'failed',
    ),
    { minLength: 1, maxLength: 5 },
  ),
  busy: fc.nat(9),
  prune: fc.constantFrom('none', 'all', 'some'),
});

function desiredOf(wish: Wish, layout: Layout = plainLayout, edit?: Edit): Desired {
  const tree = { ...emptyTree, wish, layout };
  const snapshot = snapshotOf(edit === undefined ? tree : { ...edited(tree, edit), layout });
  return loaded({ ...bare, ...snapshot }).desired;
}

const bare = { revision: 'r1', files: [], contexts: new Map(), problems: [], identity: '1:1', busy: false };

function actualOf({ before, drift }: Scene): Actual {
  let at = 0;
  return applied(desiredOf(before), pod => {
    at += 1;
    return drifted(pod, drift[at % drift.length]);
  });
}

function drifted(pod: ActualPod, what: Scene['drift'][number] | undefined): ActualPod | undefined {
  const ended = new Map([...pod.containers].map(([name, each]) => [name, { ...each, state: 'exited' as const }]));
  const failure = { message: 'x', hint: undefined, count: 1, atMs: now - 1000, fingerprint: 'x' };
  switch (what) {
    case 'gone':
      return undefined;
    case 'ended':
      return { ...pod, containers: ended };
    case 'stopped':
      return { ...pod, containers: ended, infra: { ...pod.infra, state: 'exited' } };
    case 'otherImage':
      return {
        ...pod,
        containers: new Map([...pod.containers].map(([name, each]) => [name, { ...each, digest: 'x' }])),
      };
    // The names of its images stand for others by now, and their registries have not been asked for two days.
    case 'moved':
      return {
        ...pod,
        containers: new Map([...pod.containers].map(([name, each]) => [name, { ...each, imageId: 'x' }])),
        record: pod.record && { ...pod.record, containers: longAsked(pod.record) },
      };
    case 'noRecord':
      return { ...pod, record: undefined };
    case 'guest':
      return { ...pod, foreign: ['guest'] };
    case 'failed':
      return { ...pod, digest: 'x', record: pod.record && { ...pod.record, failure } };
    default:
      return pod;
  }
}

function longAsked({ containers }: PodRecord): PodRecord['containers'] {
  const asked = Object.entries(containers).map(([name, each]) => [name, { ...each, askedAtMs: now - 2 * 86_400_000 }]);
  return Object.fromEntries(asked);
}

function planFor(scene: Scene, layout: Layout, order: <K, V>(map: ReadonlyMap<K, V>) => ReadonlyMap<K, V>): Plan {
  const actual = actualOf(scene);
  const keys = [...actual.pods.keys()];
  const records = [...actual.pods.values()].flatMap(({ key, record }): [Key, PodRecord][] =>
    record ? [[key, record]] : [],
  );
  const desired = desiredOf(scene.before, layout, scene.edit);
  const some = new Set([...actual.pods.values()].map(pod => pod.declaredBy).filter((_, at) => at % 2 === 0));
  const opts = {
    ...{ now, owner: 'podstead', retryNow: false, keepStanding: true, fingerprint },
    uid: (key: Key) => `new-${key}`,
    records: order(new Map(records)),
    busy: new Set(scene.busy < 3 ? keys.slice(scene.busy, scene.busy + 1) : []),
    prune: scene.prune === 'some' ? some : scene.prune,
  };
  const { pods, volumes, images } = actual;
  const shuffled = { pods: order(pods), volumes: order(volumes), images: order(images) };
  const wanted = { pods: order(desired.pods), volumes: order(desired.volumes), images: order(desired.images) };
  return makePlan({ ...desired, ...wanted }, { ...actual, ...shuffled }, opts);
}

const asIs = <K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> => map;

property(
  'makePlan() makes the same plan, to the byte, whatever the order of files, documents, fields and lists of the engine',
  100,
  fc.property(scenes, layouts, fc.array(fc.nat(997), { minLength: 1, maxLength: 9 }), (scene, layout, numbers) => {
    const shuffle = <K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> => {
      const left = [...map];
      return new Map([...map].flatMap((_, at) => left.splice((numbers[at % numbers.length] ?? 0) % left.length, 1)));
    };
    assert.equal(bytesOf(planFor(scene, layout, shuffle)), bytesOf(planFor(scene, plainLayout, asIs)));
  }),
);

/** All but places in the files, which move. Fields of labels and the like keep the order in which they were written. */
function bytesOf(plan: Plan): string {
  const places = ['location', 'origin', 'locate'];
  const placeless = JSON.stringify(plan, (name, value) => (places.includes(name) ? undefined : value));
  // A reason may quote a place too.
  return canonical(JSON.parse(placeless.replaceAll(/[\w/]+\.ya?ml:\d+/g, '')));
}

property(
  'makePlan() has each step wait on earlier ones alone, and removes nothing that it may not',
  100,
  fc.property(scenes, scene => {
    const { steps, changes } = planFor(scene, plainLayout, asIs);
    assert.deepEqual(
      steps.map(({ id }) => id),
      steps.map((_, at) => at + 1),
    );
    for (const { id, after, when } of steps) {
      assert.ok(
        after.every(each => each > 0 && each < id && Number.isInteger(each)),
        `${id} after ${after}`,
      );
      assert.equal(new Set(after).size, after.length);
      if (when === 'failed') assert.ok(after.length > 0);
    }
    assert.equal(new Set(changes.map(({ key }) => key)).size, changes.length);
    const actual = actualOf(scene);
    const guarded = [...actual.pods.values()].filter(({ foreign }) => foreign.length > 0).map(({ id }) => id);
    const { pods } = desiredOf(scene.before, plainLayout, scene.edit);
    for (const { action } of steps) {
      if (action.verb !== 'removePod') continue;
      assert.ok(!guarded.includes(action.id), 'a pod that holds what is not ours');
      assert.ok(pods.has(action.pod) || scene.prune !== 'none' || isReplaced(action.pod, actual, scene));
    }
  }),
);

/** A Deployment's own old pods go without any pruning. */
function isReplaced(pod: Key, actual: Actual, { before, edit }: Scene): boolean {
  const declaredBy = actual.pods.get(pod)?.declaredBy ?? keyOf('', '', '');
  return desiredOf(before, plainLayout, edit).declared.has(declaredBy);
}

property(
  'makePlan() finds nothing to do for what was applied, however its manifests are written',
  100,
  fc.property(wishes(1), layouts, (wish, layout) => {
    const scene: Scene = { before: wish, edit: { edit: 'mend' }, drift: ['none'], busy: 9, prune: 'all' };
    const { steps, changes } = planFor(scene, layout, asIs);
    assert.deepEqual(steps, []);
    assert.ok(changes.every(({ op }) => op === 'keep'));
  }),
);
