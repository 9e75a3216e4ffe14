import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import { Wake } from '../../src/reconcile/wake.ts';
import { FakeClock, settled } from '../fakes/clock.ts';

interface Waiting {
  readonly clock: FakeClock;
  readonly wake: Wake;
  readonly leave: AbortController;
  readonly isOver: () => boolean;
}

/** Waits with a floor of 1 s for hints that may wait, and a deadline of 10 s. */
function waiting(): Waiting {
  const clock = new FakeClock();
  const leave = new AbortController();
  const wake = new Wake(clock, leave.signal);
  let isOver = false;
  const now = clock.now();
  const wait = { deadlineMs: now + 10_000, floorMs: { now, soon: now + 1000 }, quietMs: 20, quietMaxMs: 200 };
  void wake.next(wait).then(() => {
    isOver = true;
  });
  return { clock, wake, leave, isOver: () => isOver };
}

test('Wake.next() ends 20 ms after an urgent hint', async () => {
  const { clock, wake, isOver } = waiting();
  await clock.advance(100);
  wake.hint('now');
  await clock.advance(19);
  assert.equal(isOver(), false);
  await clock.advance(1);
  assert.equal(isOver(), true);
});

test('Wake.next() keeps a hint that may wait until the floor', async () => {
  const { clock, wake, isOver } = waiting();
  wake.hint('soon');
  await clock.advance(999);
  assert.equal(isOver(), false);
  await clock.advance(21);
  assert.equal(isOver(), true);
});

test('Wake.next() lets no later hint make an urgent one wait', async () => {
  const { clock, wake, isOver } = waiting();
  wake.hint('now');
  wake.hint('soon');
  await clock.advance(20);
  assert.equal(isOver(), true);
});

test('Wake.next() ends at the deadline without any hint', async () => {
  const { clock, isOver } = waiting();
  await clock.advance(9999);
  assert.equal(isOver(), false);
  await clock.advance(1);
  assert.equal(isOver(), true);
});

test('Wake.next() ends with the signal, and leaves no timer', async () => {
  const { clock, leave, isOver } = waiting();
  await settled();
  leave.abort();
  await settled();
  assert.equal(isOver(), true);
  assert.equal(clock.sleeping, 0);
});

test('Wake.next() waits no longer for a clock that was set back, and ends with the next hint', async () => {
  const silent = waiting();
  await silent.clock.advance(5000);
  silent.clock.jump(-3_600_000);
  await silent.clock.advance(5000);
  assert.equal(silent.isOver(), true);
  const hinted = waiting();
  await hinted.clock.advance(100);
  hinted.clock.jump(-3_600_000);
  hinted.wake.hint('soon');
  await hinted.clock.advance(20);
  assert.equal(hinted.isOver(), true);
});

test('Wake.next() bears a clock that is corrected by half a second', async () => {
  for (const [backMs, isOver] of [
    [500, false],
    [501, true],
  ] as const) {
    const at = waiting();
    await settled();
    at.clock.jump(-backMs);
    at.wake.hint('soon');
    await at.clock.advance(20);
    assert.equal(at.isOver(), isOver, `${backMs} ms`);
  }
});

test('Wake.next() waits no longer than 200 ms for quiet, though each wait brings another hint', async () => {
  let now = 0;
  const slept: number[] = [];
  const clock: Clock = {
    now: () => now,
    sleep: async ms => {
      slept.push(ms);
      now += ms;
      wake.hint('now');
    },
  };
  const wake = new Wake(clock, new AbortController().signal);
  wake.hint('now');
  await wake.next({ deadlineMs: 10_000, floorMs: { now: 0, soon: 0 }, quietMs: 30, quietMaxMs: 200 });
  assert.deepEqual(slept, [30, 30, 30, 30, 30, 30, 20]);
});
