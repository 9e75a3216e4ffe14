import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Wish, wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { begin } from './story.ts';
import { assertAtRest, assertConverged } from './verdict.ts';
import { newWorld, type World } from './world.ts';

/** As chance has it, few pods come after others. */
const ordered = (least: number): fc.Arbitrary<Wish> =>
  fc
    .tuple(wishes(least), fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }))
    .map(([wish, after]) => ({ ...wish, pods: wish.pods.map((pod, at) => ({ ...pod, after: after[at] ?? 0 })) }));

/** What a pod comes after and does not stand: main containers that neither run nor have ended well. */
function missing(world: World, key: string): readonly string[] {
  const pods = [...world.desired().pods.values()];
  const after = pods.find(pod => pod.key === key)?.after ?? [];
  const { containers } = world.host.engine.host;
  return pods
    .filter(({ declaredBy }) => after.includes(declaredBy))
    .flatMap(pod => pod.containers.map(({ engineName }) => engineName))
    .filter(name => {
      const live = [...containers.values()].find(each => each.name === name);
      return live?.state !== 'running' && !(live?.state === 'exited' && live.exitCode === 0);
    });
}

property(
  'reconcileLoop() makes a pod only once what it comes after runs, or has ended well, and all of it in the end',
  40,
  fc.asyncProperty(ordered(2), ordered(0), fc.integer({ min: 0, max: 3 }), async (first, second, kill) => {
    const world = newWorld();
    world.setFair(true);
    let made = 0;
    world.watchers.push({
      effect: action => {
        if (action.verb !== 'createPod') return;
        made += 1;
        assert.deepEqual(missing(world, action.pod.key), [], action.pod.key);
      },
    });
    world.show({ ...world.tree(), wish: first });
    const life = begin(world);
    await world.host.clock.advance(60_000);
    assertConverged(world);
    assert.equal(made, world.desired().pods.size);
    const running = [...world.host.engine.host.containers.values()].filter(({ state }) => state === 'running');
    const struck = running[kill];
    if (struck !== undefined) world.byHand(() => world.host.engine.host.endContainer(struck, 137));
    world.show({ ...world.tree(), wish: second });
    await world.host.clock.advance(400_000);
    await life.end();
    const standing = [...world.host.engine.host.pods.values()].flatMap(({ ours }) => ours?.key ?? []);
    assert.deepEqual(standing.toSorted(), [...world.desired().pods.keys()].toSorted());
    await assertAtRest(world);
  }),
);
