import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodWish } from '../arbitraries/manifests.ts';
import { begin } from './story.ts';
import { assertConverged } from './verdict.ts';
import { newWorld } from './world.ts';

const hourMs = 3_600_000;
const plain: PodWish = {
  ...{ name: 'web', kind: 'Pod', namespace: 'default', replicas: 0, sandbox: 0, port: 0, main: 0, hasSide: true },
  ...{ hasInit: false, sidecar: 0, handlers: 0, env: 'none', volumes: 'none', memory: 0, inPlace: 0 },
  follows: 'registry',
  after: 0,
};

test('reconcileLoop() asks a registry that is away again with back-off, fails no pod for it, and follows once it is back', async () => {
  const world = newWorld();
  const { clock, engine, records, events } = world.host;
  world.setFair(true);
  world.show({ ...world.tree(), wish: { pods: [plain], config: 0, secret: 0, context: 0 } });
  const life = begin(world);
  await clock.advance(60_000);
  assertConverged(world);

  engine.host.released.set('image:0', 'sha256:newer');
  engine.host.registry.delete('image:0');
  const before = [...engine.host.containers.keys()];
  engine.calls.length = 0;
  events.length = 0;
  await clock.advance(hourMs);
  const tries = engine.calls.filter(call => call === 'pull').length;
  // 1 s, 10 s and so on to 5 minutes: some 15 in the rest of the hour, and no more.
  assert.ok(tries > 3 && tries < 20, `${tries} tries`);
  assert.deepEqual([...engine.host.containers.keys()], before);
  assert.deepEqual(
    [...records.all.values()].flatMap(({ failure }) => failure ?? []),
    [],
  );
  const failed = events.flatMap(event => (event.type === 'settled' && event.failure !== undefined ? event.key : []));
  assert.deepEqual([...new Set(failed)], ['Image/-/image:0']);

  engine.host.registry.add('image:0');
  await clock.advance(600_000);
  assertConverged(world);
  await life.end();
});
