import fc from 'fast-check';
import { engineNameOf } from '../../src/model/names.ts';
import { reconcileLoop } from '../../src/reconcile/loop.ts';
import { SourceError } from '../../src/source/source.ts';
import { type Edit, edited, edits } from '../arbitraries/edits.ts';
import { images, type Wish, wishes } from '../arbitraries/manifests.ts';
import type { Fault } from '../fakes/engine.ts';
import { addForeign } from '../fakes/foreign.ts';
import type { FakeHost, HostContainer, HostPod } from '../fakes/host.ts';
import type { Weather, World } from './world.ts';

/** What happens to a host while the loop runs, and how much time passes then. `at` picks one of what is there. */
export type Scene = Move & { readonly thenMs: number };

export type Move =
  | { readonly move: 'edit'; readonly edit: Edit }
  | { readonly move: 'hand'; readonly hand: Hand; readonly at: number }
  /** The date alone. */
  | { readonly move: 'jump'; readonly ms: number }
  /** The process ends and another one begins. */
  | { readonly move: 'restart'; readonly graceMs: number }
  | { readonly move: 'engineAway' | 'sourceAway' | 'gitBusy'; readonly ms: number }
  | { readonly move: 'loseRecords'; readonly at: number }
  /** A registry gets another image under a name. */
  | { readonly move: 'release'; readonly at: number };

/** What an operator does with the engine's own commands, to what is ours. */
const hands = ['kill', 'stop', 'killSandbox', 'removePod', 'removeContainer', 'untag', 'retag', 'cutStream'] as const;
/** Runs something of his own: a commit of ours in our pod or beside it, or under a name that we may want. */
const guests = ['guest', 'copy', 'squat'] as const;
type Hand = (typeof hands)[number] | (typeof guests)[number];

/** A story and its weather. */
export interface Story {
  /** What runs already when it begins. */
  readonly first: Wish;
  readonly scenes: readonly Scene[];
  readonly weather: Weather;
}

const at = fc.nat(7);
const away: fc.Arbitrary<Move> = fc.record({
  move: fc.constantFrom('engineAway' as const, 'sourceAway', 'gitBusy'),
  ms: fc.integer({ min: 0, max: 10_000 }),
});

interface StoryOptions {
  readonly breaking: boolean;
  /** Others run something in our pods and under our names; such pods need not converge. */
  readonly intruding?: boolean;
  /** The date jumps; so it does unless told otherwise. */
  readonly jumping?: boolean;
}

function moves({ breaking, intruding = false, jumping = true }: StoryOptions): fc.Arbitrary<Move> {
  const hand: fc.Arbitrary<Hand> = fc.constantFrom(...hands, ...(intruding ? [...guests, ...guests] : []));
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ move: fc.constant('edit' as const), edit: edits({ breaking }) }) },
    { weight: 3, arbitrary: fc.record({ move: fc.constant('hand' as const), hand, at }) },
    {
      weight: 1,
      arbitrary: fc.record({ move: fc.constant('jump' as const), ms: fc.constantFrom(...(jumping ? jumps : [0])) }),
    },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('restart' as const), graceMs: fc.constantFrom(0, 100) }) },
    { weight: 1, arbitrary: away },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('loseRecords' as const), at }) },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('release' as const), at }) },
  );
}

const hourMs = 3_600_000;
/** An hour's difference of zones, a second of drift, a board without a clock that learns the date. */
const jumps = [-hourMs, -5000, -1, 1000, hourMs, 400 * 24 * hourMs];

const faults = fc.array(
  fc.constantFrom<Fault | undefined>(undefined, undefined, undefined, undefined, 'error', 'lost', 'half', 'hang'),
  { maxLength: 40, size: 'max' },
);

export const weathers: fc.Arbitrary<Weather> = fc.record({
  faults,
  lookFaults: faults,
  recordFaults: fc.array(fc.constantFrom(undefined, undefined, 'error' as const, 'lost' as const), {
    maxLength: 20,
    size: 'max',
  }),
  latenciesMs: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 }),
  copies: fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
  delaysMs: fc.array(fc.constantFrom(0, 0, 10, 1500), { minLength: 1, maxLength: 6 }),
});

/** Passes start within milliseconds, stops take up to minutes. */
const thenMs = fc.oneof(fc.constantFrom(0, 20, 300, 12_000, 60_000), fc.integer({ min: 0, max: 4000 }));

/** Stories of edits, drift, faults, jumps of the clock and restarts. */
export function storiesOf(opts: StoryOptions): fc.Arbitrary<Story> {
  const scene = fc.tuple(moves(opts), thenMs).map(([move, ms]): Scene => ({ ...move, thenMs: ms }));
  return fc.record({
    first: wishes(1),
    scenes: fc.array(scene, { minLength: 1, maxLength: 14, size: 'max' }),
    weather: weathers,
  });
}

/** Tells a story from its first line to its last. @returns the loop, which is left running */
export async function tell(world: World, { first, scenes }: Story): Promise<Life> {
  world.setFair(true);
  world.show({ ...world.tree(), wish: first });
  const life = begin(world);
  await world.host.clock.advance(60_000);
  world.setFair(false);
  for (const { thenMs, ...move } of scenes) {
    await life.act(move);
    await world.host.clock.advance(thenMs);
  }
  return life;
}

/** A loop that can be ended and begun again. */
export interface Life {
  readonly act: (move: Move) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Begins the loop on a world. The user has confirmed that everything may go. */
export function begin(world: World, { allowEmpty = true }: { readonly allowEmpty?: boolean } = {}): Life {
  const { host } = world;
  let leave = new AbortController();
  const run = (): Promise<void> => reconcileLoop(host.ports, { signal: leave.signal, allowEmpty });
  let ended = run();
  const end = async (graceMs: number): Promise<void> => {
    leave.abort();
    await host.clock.advance(graceMs);
    // What was cut off goes on inside the engine, as it does when a client dies.
    await host.clock.advance(90_000);
    await ended;
  };
  return {
    end: () => end(0),
    act: async move => {
      if (move.move === 'restart') {
        await end(move.graceMs);
        leave = new AbortController();
        ended = run();
      } else await act(world, move);
      await host.clock.advance(0);
    },
  };
}

async function act(world: World, move: Exclude<Move, { move: 'restart' }>): Promise<void> {
  const { host } = world;
  const { clock, engine, source, records } = host;
  switch (move.move) {
    case 'edit':
      return world.show(edited(world.tree(), move.edit));
    case 'hand':
      return world.byHand(() => byHand(world, move.hand, move.at));
    case 'jump':
      return clock.jump(move.ms);
    case 'engineAway':
      engine.vanish();
      await clock.advance(move.ms);
      engine.down = false;
      return;
    case 'sourceAway':
      source.fault = new SourceError('SOURCE_MISSING', 'Cannot read the source: it is gone');
      source.stream.send('gone');
      await clock.advance(move.ms);
      source.fault = undefined;
      return source.stream.send('back');
    case 'gitBusy':
      source.change({ busy: true });
      await clock.advance(move.ms);
      return source.change({ busy: false });
    case 'release': {
      const name = followable[move.at % followable.length] ?? '';
      engine.host.released.set(name, `sha256:${name} ${move.at}`);
      return;
    }
    case 'loseRecords': {
      const lost = pick([...records.all.keys()], move.at);
      if (move.at === 0) records.all.clear();
      else if (lost !== undefined) records.all.delete(lost);
    }
  }
}

function byHand({ host: { engine } }: World, hand: Hand, at: number): void {
  const { host } = engine;
  const pod: HostPod | undefined = pick(
    [...host.pods.values()].filter(({ ours, name }) => ours?.owner === engine.owner && engineNameOf(ours.key) === name),
    at,
  );
  const container: HostContainer | undefined = pod && pick(host.members(pod), at);
  if (hand === 'cutStream') engine.stream.end();
  else if (hand === 'untag') host.images.delete(pick([...host.images.keys()], at) ?? '');
  else if (hand === 'retag') retag(host, followable[at % followable.length] ?? '', at);
  else if (hand === 'removePod' && pod !== undefined) host.removePod(pod);
  else if (hand === 'stop' && pod !== undefined) engine.stopPodByHand(pod.name);
  else if (hand === 'killSandbox' && pod !== undefined) host.endSandbox(pod);
  else if (hand === 'kill' && container !== undefined) host.endContainer(container, 137);
  else if (hand === 'removeContainer' && container !== undefined) host.removeContainer(container);
  else if (hand === 'squat')
    addForeign(host, { name: ['web', 'a-main', 'web-main'][at % 3] ?? '', port: 8001 + (at % 3) });
  else if (hand === 'guest' && container?.ours !== undefined)
    addForeign(host, { name: `guest${at}`, copyOf: container, pod });
  else if (hand === 'copy' && container?.ours !== undefined) addForeign(host, { name: `copy${at}`, copyOf: container });
}

/** Names of images whose containers run until they are ended. */
const followable = images.filter(name => name.startsWith('image:'));

/** An operator's `podman tag`. */
function retag(host: FakeHost, name: string, at: number): void {
  host.images.set(name, { id: `sha256:tagged ${at}`, context: undefined });
  host.tell(`image ${name} tag`);
}

function pick<T>(items: readonly T[], at: number): T | undefined {
  return items[at % Math.max(items.length, 1)];
}
