import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EngineAction } from '../../src/engine/engine.ts';
import { type PodWish, type Wish, wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { addForeign } from '../fakes/foreign.ts';
import { begin } from './story.ts';
import { calmWeather, newWorld, type World } from './world.ts';

/** What keeps a pod from ever coming up. */
const ills = ['image', 'name', 'port', 'create', 'start', 'hang', 'manifest'] as const;
type Ill = (typeof ills)[number];

property(
  'reconcileLoop() lets the failure of one pod touch no other: those come up once, and stay',
  25,
  fc.asyncProperty(wishes(2), fc.constantFrom(...ills), fc.nat(3), fc.nat(2), async (given, ill, at, edits) => {
    const sick = given.pods[at % given.pods.length];
    if (sick === undefined) return;
    const wish = withIll(given, sick, ill);
    const world = sickWorld(sick, ill);
    const events = new Map<string, string[]>();
    const event = (type: string, name: string, what: string): void => {
      if (type === 'container' && !name.endsWith('-infra')) events.set(name, [...(events.get(name) ?? []), what]);
    };
    let tries = 0;
    const effect = ({ verb }: EngineAction): void => {
      if (verb === 'pull' || verb === 'createPod' || verb === 'createContainer') tries += 1;
    };
    world.watchers.push({ event, effect });
    world.show({ ...world.tree(), wish });
    const life = begin(world);
    await world.host.clock.advance(300_000);
    // The sick one is edited again and again; the others are not.
    for (let edit = 1; edit <= edits; edit += 1) {
      const pods = wish.pods.map(pod =>
        pod === find(wish, sick) ? { ...pod, sandbox: (pod.sandbox + edit) % 3 } : pod,
      );
      world.show({ ...world.tree(), wish: { ...wish, pods } });
      await world.host.clock.advance(100_000);
    }
    // After a second, 10 s, 20 s, 40 s and so on; anew for each edit.
    assert.ok(tries < 60 * (edits + 1), `${tries} tries`);
    for (const pod of world.desired().pods.values()) {
      if (pod.declaredBy.endsWith(`/${sick.namespace}/${sick.name}`)) continue;
      for (const container of [...pod.initContainers, ...pod.containers]) {
        const { engineName, sidecar } = container;
        const ends = pod.restartPolicy !== 'Always' || (pod.initContainers.includes(container) && !sidecar);
        assert.deepEqual(events.get(engineName), ['create', 'start', ...(ends ? ['died'] : [])], engineName);
      }
    }
    const { host } = world.host.engine;
    const running = [...host.containers.values()].filter(({ pod, state }) => {
      const of = host.pods.get(pod ?? '');
      return state === 'running' && of?.ours !== undefined && of.name !== nameOf(sick);
    });
    const wanted = [...world.desired().pods.values()].filter(
      ({ restartPolicy, engineName }) => restartPolicy === 'Always' && engineName !== nameOf(sick),
    );
    assert.deepEqual(
      running.map(({ name }) => name).toSorted(),
      wanted
        .flatMap(({ initContainers, containers }) => [...initContainers.filter(each => each.sidecar), ...containers])
        .map(({ engineName }) => engineName)
        .toSorted(),
    );
    await life.end();
  }),
);

function nameOf({ namespace, name }: PodWish): string {
  return namespace === 'default' ? name : `${namespace}_${name}`;
}

function find(wish: Wish, { namespace, name }: PodWish): PodWish | undefined {
  return wish.pods.find(pod => pod.namespace === namespace && pod.name === name);
}

function withIll(wish: Wish, sick: PodWish, ill: Ill): Wish {
  // Nor is anything to come after it.
  const well = (pod: PodWish): PodWish => ({ ...pod, port: pod.port === 3 ? 0 : pod.port, after: 0 });
  return { ...wish, pods: wish.pods.map(pod => (pod === sick ? ailing(pod, ill) : well(pod))) };
}

function ailing(pod: PodWish, ill: Ill): PodWish {
  const plain: PodWish = { ...pod, kind: 'Pod', main: 1 };
  if (ill === 'image') return { ...plain, main: 4 };
  if (ill === 'port') return { ...plain, port: 3 };
  return ill === 'manifest' ? { ...plain, env: 'missing' } : plain;
}

function sickWorld(sick: PodWish, ill: Ill): World {
  const engineName = nameOf(sick);
  const concerns = (action: EngineAction, verb: EngineAction['verb']): boolean =>
    action.verb === verb && 'pod' in action && typeof action.pod === 'object' && action.pod.engineName === engineName;
  const world = newWorld(calmWeather, {
    fault: action => {
      if (ill === 'create' && concerns(action, 'createPod')) return 'error';
      if (ill === 'hang' && concerns(action, 'createContainer')) return 'hang';
      return ill === 'start' && concerns(action, 'startContainer') ? 'error' : undefined;
    },
  });
  const { host } = world.host.engine;
  if (ill === 'name') world.byHand(() => addForeign(host, { name: engineName }));
  if (ill === 'port') world.byHand(() => addForeign(host, { name: 'their-own', port: 8003 }));
  return world;
}
