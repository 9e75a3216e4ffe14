import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../src/engine/engine.ts';
import { type PumpOptions, pump } from '../../src/reconcile/pump.ts';
import { FakeClock, settled } from '../fakes/clock.ts';
import { FakeStream } from '../fakes/stream.ts';

interface Pumping {
  readonly clock: FakeClock;
  readonly hints: () => number;
  readonly ended: Promise<void>;
  readonly leave: AbortController;
}

function start(
  open: (signal: AbortSignal) => AsyncIterable<string>,
  more: Pick<PumpOptions, 'keepsHints'> = {},
): Pumping {
  const clock = new FakeClock();
  const leave = new AbortController();
  let hints = 0;
  const onHint = (): void => {
    hints += 1;
  };
  const opts = { clock, random: () => 0.5, signal: leave.signal, onHint, ...more };
  return { clock, leave, hints: () => hints, ended: pump(({ signal }) => open(signal), opts) };
}

test('pump() hints when a silent stream has connected, and each time it ends', async () => {
  const stream = new FakeStream();
  const { clock, hints, leave, ended } = start(signal => stream.read(signal));
  for (let round = 1; round <= 3; round += 1) {
    await clock.advance(1000);
    assert.equal(hints(), 2 * round - 1, `connected, round ${round}`);
    stream.end();
    await settled();
    assert.equal(hints(), 2 * round, `ended, round ${round}`);
    await clock.advance(500);
  }
  leave.abort();
  await ended;
  assert.equal(clock.sleeping, 0);
});

test('pump() takes the beginning of a stream that keeps its hints for no hint', async () => {
  const stream = new FakeStream();
  const { clock, hints, leave, ended } = start(signal => stream.read(signal), { keepsHints: true });
  await clock.advance(1000);
  assert.equal(hints(), 0);
  stream.send('a');
  await settled();
  assert.equal(hints(), 1);
  leave.abort();
  await ended;
});

test('pump() passes on every hint', async () => {
  const stream = new FakeStream();
  const { clock, hints, leave, ended } = start(signal => stream.read(signal));
  await clock.advance(1000);
  stream.send('a');
  stream.send('b');
  await settled();
  assert.equal(hints(), 3);
  leave.abort();
  await ended;
  assert.equal(hints(), 3, 'its own leaving is no news');
});

test('pump() takes a stream that told something for a good one, however soon it ended', async () => {
  const { clock, hints, leave, ended } = start(async function* () {
    yield 'a';
  });
  await clock.advance(5400);
  assert.equal(hints(), 2 * 11, 'each hint and each end, every 500 ms');
  leave.abort();
  await ended;
});

test('pump() knocks at an engine that is away every 2 s at the least, and hints at it but once', async () => {
  let knocks = 0;
  // biome-ignore lint/correctness/useYield: it fails before it has anything to say
  async function* refuse(): AsyncGenerator<string> {
    knocks += 1;
    throw new EngineError('ENGINE_UNREACHABLE', 'Cannot reach the engine: nothing answers');
  }
  const { clock, hints, leave, ended } = start(refuse);
  await clock.advance(60_000);
  assert.equal(hints(), 1);
  assert.ok(knocks >= 30 && knocks <= 34, `${knocks} knocks`);
  leave.abort();
  await ended;
  assert.equal(clock.sleeping, 0);
});

test('pump() rejects on a bug of ours', async () => {
  // biome-ignore lint/correctness/useYield: it fails before it has anything to say
  const { ended, clock } = start(async function* () {
    throw new TypeError('x is undefined');
  });
  await assert.rejects(ended, TypeError);
  assert.equal(clock.sleeping, 0);
});
