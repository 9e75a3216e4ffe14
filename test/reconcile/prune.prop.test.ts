import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EngineAction } from '../../src/engine/engine.ts';
import type { Event } from '../../src/model/event.ts';
import type { Key } from '../../src/model/key.ts';
import type { Problem } from '../../src/model/problem.ts';
import { SourceError } from '../../src/source/source.ts';
import { type Break, breaks, type Tree } from '../arbitraries/edits.ts';
import { type Wish, wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { begin, type Scene, storiesOf, tell } from './story.ts';
import { assertAtRest, assertConverged } from './verdict.ts';
import { newWorld, snapshotOf, type World } from './world.ts';

/** Ways in which a source shows less than there is, though nobody meant to take anything away. */
type Loss =
  | { readonly how: 'broken'; readonly by: Break }
  | { readonly how: 'unreadable' | 'gitBusy' | 'device' | 'half' | 'empty' | 'away' };

const losses: fc.Arbitrary<Loss> = fc.oneof(
  fc.record({ how: fc.constant('broken' as const), by: fc.constantFrom(...breaks) }),
  fc.record({ how: fc.constantFrom('unreadable' as const, 'gitBusy', 'device', 'half', 'empty', 'away') }),
);

/** What happens meanwhile. */
const meanwhile: fc.Arbitrary<readonly Scene[]> = fc.array(
  fc.oneof(
    fc.record({
      move: fc.constant('hand' as const),
      hand: fc.constantFrom('kill' as const, 'stop' as const),
      at: fc.nat(7),
      thenMs: fc.nat(400_000),
    }),
    fc.record({ move: fc.constant('restart' as const), graceMs: fc.constant(100), thenMs: fc.nat(5000) }),
    fc.record({ move: fc.constant('engineAway' as const), ms: fc.nat(3000), thenMs: fc.nat(5000) }),
  ),
  { maxLength: 6, size: 'max' },
);

property(
  'reconcileLoop() removes nothing on a partial or suddenly empty view, keeps it running, and goes on when it is whole again',
  30,
  fc.asyncProperty(wishes(1), losses, fc.nat(3), meanwhile, async (wish, loss, left, scenes) => {
    const world = newWorld();
    world.setFair(true);
    world.show({ ...world.tree(), wish });
    const life = begin(world, { allowEmpty: false });
    await world.host.clock.advance(60_000);
    assertConverged(world);
    const removed: string[] = [];
    const event = (type: string, name: string, what: string): void => {
      if (what === 'remove') removed.push(`${type} ${name}`);
    };
    world.watchers.push({ event });
    lose(world, wish, loss, left);
    await world.host.clock.advance(20_000);
    for (const { thenMs, ...move } of scenes) {
      await life.act(move);
      await world.host.clock.advance(thenMs);
    }
    await world.host.clock.advance(600_000);
    assert.deepEqual(removed, []);
    restore(world, wish);
    await world.host.clock.advance(60_000);
    assert.deepEqual(removed, []);
    assertConverged(world);
    await life.end();
    await assertAtRest(world);
  }),
);

function lose({ host: { source }, tree, show }: World, wish: Wish, loss: Loss, left: number): void {
  const some = wish.pods.slice(0, left % wish.pods.length);
  // The guard counts what has pods.
  const owning = wish.pods.filter(({ kind, replicas }) => kind !== 'Deployment' || replicas > 0);
  const minority = owning.slice(0, Math.min(some.length, Math.ceil(owning.length / 2) - 1));
  const fewer = (pods: Wish['pods']): Wish => ({ ...wish, pods });
  switch (loss.how) {
    case 'broken':
      show({ ...tree(), wish: fewer(some), broken: loss.by });
      break;
    case 'unreadable':
      source.change({ ...snapshotOf({ ...tree(), wish: fewer(some) }), problems: [unreadable] });
      break;
    case 'gitBusy':
      source.change({ ...snapshotOf({ ...tree(), wish: fewer(some) }), busy: true });
      break;
    case 'device':
      source.change({ ...snapshotOf({ ...tree(), wish: fewer(some) }), identity: '9:9' });
      break;
    case 'half':
      show({ ...tree(), wish: fewer(minority) });
      break;
    case 'empty':
      source.change({ files: [] });
      break;
    case 'away':
      source.fault = new SourceError('SOURCE_MISSING', 'Cannot read the source: it is gone');
      source.stream.send('gone');
  }
}

function restore({ host: { source }, tree, show }: World, wish: Wish): void {
  source.fault = undefined;
  source.snapshot = { ...source.snapshot, problems: [], busy: false, identity: '1:2' };
  show({ ...tree(), wish, broken: undefined });
}

const unreadable: Problem = {
  code: 'FILE_UNREADABLE',
  severity: 'error',
  message: 'Cannot read b.yaml: permission denied',
  file: 'b.yaml',
  line: 1,
  column: 1,
};

property(
  'reconcileLoop() removes a pod no sooner than 2 s after its object was last declared, in any story',
  25,
  fc.asyncProperty(storiesOf({ breaking: true, jumping: false }), async story => {
    const world = newWorld(story.weather);
    const { clock, engine, source, events } = world.host;
    const wrong: string[] = [];
    let declared = new Map<string, number>();
    const note = (): void => {
      if (source.fault !== undefined) return;
      const now = clock.now();
      for (const key of world.desired().declared.keys()) declared = declared.set(key, now);
    };
    world.watchers.push({
      effect: action => {
        note();
        if (action.verb !== 'removePod' && action.verb !== 'stopPod') return;
        if (!isForAbsence(action, events)) return;
        const declaredBy = engine.host.pods.get(action.id)?.ours?.declaredBy;
        const last = declared.get(declaredBy ?? '');
        const isDeclared = last === clock.now();
        if (declaredBy !== undefined && !isDeclared && clock.now() - (last ?? 0) < 2000) wrong.push(declaredBy);
      },
    });
    const show = (tree: Tree): void => {
      note();
      world.show(tree);
    };
    const life = await tell({ ...world, show }, story);
    await life.end();
    assert.deepEqual(wrong, []);
  }),
);

/**
 * Whether its plan took the object for absent. A pod that is made anew, or that its Deployment has another in place of, goes for
 * what was declared when that was decided, and goes on doing so should the object vanish meanwhile.
 */
function isForAbsence(action: EngineAction & { readonly pod: Key }, events: readonly Event[]): boolean {
  const decided = events.findLast(
    event => event.type === 'planned' && event.plan.steps.some(step => step.action === action),
  );
  assert.ok(decided?.type === 'planned');
  const change = decided.plan.changes.find(({ key }) => key === action.pod);
  return change?.op === 'remove' && change.why === 'no longer in the source';
}
