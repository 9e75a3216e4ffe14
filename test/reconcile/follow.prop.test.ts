import assert from 'node:assert/strict';
import fc from 'fast-check';
import { images, wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { begin } from './story.ts';
import { assertAtRest, assertConverged } from './verdict.ts';
import { newWorld, type World } from './world.ts';

const names = images.filter(name => name.startsWith('image:'));
const hourMs = 3_600_000;

/** What has ended follows nothing. */
const endless = wishes(1).map(wish => ({
  ...wish,
  pods: wish.pods.map(pod => (pod.kind === 'Job' ? { ...pod, kind: 'Pod' as const } : pod)),
}));

/** Engine names of what stands, by the id of the container. */
function standing({ host }: World): ReadonlyMap<string, string> {
  return new Map([...host.engine.host.containers.values()].map(({ id, name }) => [id, name]));
}

/** Engine names of those that follow a name: the registry's images, or this host's too. */
function followers({ desired }: World, image: string, which: readonly string[]): readonly string[] {
  const sidecars = ({ sidecar = false }: { readonly sidecar?: boolean }): boolean => sidecar;
  return [...desired().pods.values()]
    .flatMap(pod => [...pod.initContainers.filter(sidecars), ...pod.containers])
    .filter(each => each.image === image && which.includes(each.autoUpdate ?? ''))
    .map(({ engineName }) => engineName);
}

property(
  'reconcileLoop() makes exactly those containers anew that follow a name, once it has another image here or at its registry',
  40,
  fc.asyncProperty(endless, fc.constantFrom(...names), fc.constantFrom('here', 'there'), async (wish, name, where) => {
    const world = newWorld();
    const { clock, engine } = world.host;
    world.setFair(true);
    world.show({ ...world.tree(), wish });
    const life = begin(world);
    await clock.advance(60_000);
    assertConverged(world);
    const before = standing(world);
    const followed = followers(world, name, where === 'here' ? ['local', 'registry'] : ['registry']);
    // One that follows this host's images sees what another's pull brought.
    const moved = where === 'here' || followed.length > 0 ? followers(world, name, ['local', 'registry']) : [];
    if (where === 'there') engine.host.released.set(name, 'sha256:newer');
    else if (engine.host.images.has(name)) engine.host.images.set(name, { id: 'sha256:newer', context: undefined });
    await clock.advance(where === 'there' ? hourMs + 600_000 : 600_000);
    const after = standing(world);
    const gone = [...before].filter(([id]) => !after.has(id)).map(([, each]) => each);
    assert.deepEqual(gone.toSorted(), moved.toSorted());
    await life.end();
    if (where === 'there') assertConverged(world);
    await assertAtRest(world);
  }),
);
