import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SourceError } from '../../src/source/source.ts';
import { layouts } from '../arbitraries/layout.ts';
import { type Wish, wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { begin, type Life } from './story.ts';
import { assertAtRest, assertConverged } from './verdict.ts';
import { newWorld, type World } from './world.ts';

/** A world at rest with its loop running, and all that its engine tells from then on. */
async function atRest(wish: Wish): Promise<{ world: World; life: Life; events: string[] }> {
  const world = newWorld();
  world.setFair(true);
  world.show({ ...world.tree(), wish });
  const life = begin(world);
  await world.host.clock.advance(60_000);
  assertConverged(world);
  const events: string[] = [];
  // Asking a registry, which is due by time alone, touches nothing.
  const event = (type: string, ...words: readonly string[]): void => {
    if (type !== 'image') events.push([type, ...words].join(' '));
  };
  world.watchers.push({ event });
  return { world, life, events };
}

property(
  'reconcileLoop() finds nothing to do a second time, nor after an edit of the format alone',
  60,
  fc.asyncProperty(wishes(1), layouts, async (wish, layout) => {
    const { world, life, events } = await atRest(wish);
    world.host.records.writes.length = 0;
    world.show({ ...world.tree(), layout });
    await world.host.clock.advance(600_000);
    await life.end();
    assert.deepEqual([events, world.host.records.writes], [[], []]);
    await assertAtRest(world);
  }),
);

/** What may become of a record. */
const losses = fc.constantFrom('gone' as const, 'ofAnother', 'old');

property(
  'reconcileLoop() restarts nothing when state records are lost or damaged, and be it while the source is away',
  40,
  fc.asyncProperty(wishes(1), fc.nat(15), losses, fc.boolean(), async (wish, mask, how, isAway) => {
    const { world, life, events } = await atRest(wish);
    await life.end();
    const { records, source, clock } = world.host;
    for (const [at, [key, record]] of [...records.all].entries()) {
      if (mask !== 0 && ((mask >> at) & 1) === 0) continue;
      if (how === 'gone') records.all.delete(key);
      else records.all.set(key, { ...record, ...(how === 'old' ? { applied: undefined } : { uid: 'another' }) });
    }
    if (isAway) source.fault = new SourceError('SOURCE_MISSING', 'Cannot read the source: it is gone');
    const again = begin(world);
    await clock.advance(600_000);
    source.fault = undefined;
    await clock.advance(60_000);
    await again.end();
    assert.deepEqual(events, []);
    assertConverged(world);
    await assertAtRest(world);
  }),
);

interface Blow {
  readonly ms: number;
  readonly jumpMs: number;
  readonly kill: number;
}

const hourMs = 3_600_000;
const blows: fc.Arbitrary<readonly Blow[]> = fc.array(
  fc.record({
    ms: fc.constantFrom(0, 30_000, hourMs / 2),
    jumpMs: fc.constantFrom(0, -hourMs, -90_000, -5000, -1000, 5000, hourMs, 400 * 24 * hourMs),
    kill: fc.nat(9),
  }),
  { minLength: 1, maxLength: 6, size: 'max' },
);

property(
  'reconcileLoop() restarts exactly what was killed, soon, however the clock jumps',
  40,
  fc.asyncProperty(wishes(1), blows, async (wish, given) => {
    const { world, life, events } = await atRest(wish);
    const { engine, clock } = world.host;
    for (const { ms, jumpMs, kill } of given) {
      await clock.advance(ms);
      clock.jump(jumpMs);
      const running = [...engine.host.containers.values()].filter(({ state }) => state === 'running');
      const struck = running[kill % (running.length * 2)];
      events.length = 0;
      if (struck !== undefined) world.byHand(() => engine.host.endContainer(struck, 137));
      // The longest back-off is 5 minutes.
      await clock.advance(310_000);
      assert.deepEqual(events, struck === undefined ? [] : [`container ${struck.name} start`]);
    }
    await life.end();
    assertConverged(world);
  }),
);
