import assert from 'node:assert/strict';
import { test } from 'node:test';
import { perform } from '../../src/apply/perform.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Key } from '../../src/model/key.ts';
import { FakeClock, settled } from '../fakes/clock.ts';
import { actionOf, planOf, step } from '../fakes/plans.ts';
import { FakeRecords } from '../fakes/records.ts';
import { broken, crew, outcomes, refused } from './crew.ts';

const web: Key = 'Pod/default/web';
const db: Key = 'Pod/default/db';

test('Runner tells of each step when it starts, how it gets on, and how long it took', async () => {
  const c = crew();
  const pull = step(1, web, 'pull');
  const plan = planOf([pull]);
  c.runner.start(plan);
  await settled();
  const began = c.clock.now();
  const progress = { text: 'pulling', doneBytes: 1, totalBytes: 2 } as never;
  c.running[0]?.opts.onProgress(progress);
  await c.clock.advance(3000);
  c.running[0]?.end();
  await settled();
  assert.deepEqual(c.events, [
    { type: 'stepStarted', atMs: began, step: pull },
    { type: 'progress', atMs: began, step: pull, progress },
    { type: 'stepEnded', atMs: began + 3000, result: { outcome: 'done', step: pull, tookMs: 3000 } },
    { type: 'settled', atMs: began + 3000, key: web, change: plan.changes[0], failure: undefined },
  ]);
});

test('Runner tells of a key that was cut short that it was skipped, and of one that failed only that', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'createPod'), step(2, web, 'startContainer', [1]), step(3, db, 'createPod')]));
  await settled();
  c.runner.cancel(web, 'wanted differently');
  c.running[0]?.end();
  c.running[0]?.end(refused());
  await settled();
  const endings = c.events.flatMap(event => (event.type === 'settled' ? [event] : []));
  assert.deepEqual(
    endings.map(({ key, failure, ...more }) => [key, failure?.code, 'skipped' in more ? more.skipped : 'whole']),
    [
      [web, undefined, 'wanted differently'],
      [db, 'REFUSED', 'whole'],
    ],
  );
});

test('Runner takes a step that waited on a way back that failed for a loss', async () => {
  const c = crew();
  const steps = [step(1, web, 'startContainer'), step(2, web, 'stopPod', [1], 'failed'), step(3, db, 'startPod', [2])];
  c.runner.start(planOf(steps));
  await settled();
  c.running[0]?.end(refused());
  await settled();
  c.running[0]?.end(refused());
  await settled();
  assert.deepEqual(outcomes(c.events), { 1: 'failed', 2: 'failed', 3: 'skipped' });
  assert.equal(c.endings.get(db)?.outcome, 'skipped');
});

test('Runner.idle() waits for the last key', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'createPod'), step(2, db, 'createPod')]));
  let isIdle = false;
  void c.runner.idle().then(() => {
    isIdle = true;
  });
  await settled();
  c.running[0]?.end();
  await settled();
  assert.equal(isIdle, false);
  c.running[0]?.end();
  await settled();
  assert.equal(isIdle, true);
  await c.runner.idle();
});

test('Runner waits between tries, from half to one and a half times 100 ms and 400 ms', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'createPod')]));
  for (const delayMs of [100, 400]) {
    await settled();
    c.running[0]?.end(broken());
    await c.clock.advance(delayMs - 1);
    assert.equal(c.running.length, 0);
    await c.clock.advance(1);
    assert.equal(c.running.length, 1);
  }
});

test('perform() spreads its tries: half of the delay at the least', async () => {
  const clock = new FakeClock();
  const tries: number[] = [];
  const engine = {
    perform: async () => {
      tries.push(clock.now());
      throw broken();
    },
  } as Partial<Engine> as Engine;
  const ports = { engine, records: new FakeRecords(), clock, random: () => 0 };
  const done = perform(actionOf('createPod', web), ports, {
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  await clock.advance(1000);
  assert.equal((await done)?.code, 'ENGINE_UNREACHABLE');
  assert.deepEqual(
    tries.map(at => at - (tries[0] ?? 0)),
    [0, 50, 250],
  );
});

test('Runner.start() of nothing to do leaves nothing busy', async () => {
  const c = crew();
  c.runner.start(planOf([]));
  assert.deepEqual([...c.runner.busy()], []);
  await c.runner.idle();
  assert.deepEqual(c.events, []);
});

test("Runner names what is nobody's change by what its steps do", async () => {
  const c = crew();
  const steps = [step(1, 'Image/-/a', 'pull'), step(2, 'Image/-/a', 'build', [1]), step(3, web, 'createPod')];
  c.runner.start(planOf(steps, []));
  for (let at = 0; at < 3; at += 1) {
    await settled();
    c.running[0]?.end();
  }
  await settled();
  const changes = c.events.flatMap(event => (event.type === 'settled' ? [event.change] : []));
  assert.deepEqual(
    new Map(changes.map(({ key, op, why }) => [key, `${op}: ${why}`])),
    new Map([
      [web, 'update: createPod'],
      ['Image/-/a', 'update: pull, build'],
    ]),
  );
});

test('Runner skips a whole chain at once, in whatever order its plan lists it', async () => {
  const c = crew();
  c.runner.start(
    planOf([step(3, web, 'startContainer', [2]), step(2, web, 'createContainer', [1]), step(1, web, 'createPod')]),
  );
  await settled();
  c.running[0]?.end(refused());
  await settled();
  assert.deepEqual(outcomes(c.events), { 1: 'failed', 2: 'skipped', 3: 'skipped' });
});

test('Runner takes the failure of what pods share for that of each that waited on it, however indirectly', async () => {
  const c = crew();
  const steps = [step(1, 'Image/-/a', 'pull'), step(2, 'Image/-/b', 'build', [1]), step(3, web, 'createPod', [2])];
  c.runner.start(planOf(steps));
  await settled();
  c.running[0]?.end(refused());
  await settled();
  const ending = c.endings.get(web);
  assert.equal(ending?.outcome === 'failed' && ending.failure.code, 'REFUSED');
});

test('Runner says why each step was skipped', async () => {
  const c = crew();
  c.runner.start(
    planOf([
      step(1, web, 'startContainer'),
      step(2, web, 'stopPod', [1], 'failed'),
      step(3, web, 'startPod', [2]),
      step(4, db, 'createPod'),
      step(5, db, 'createContainer', [4]),
    ]),
  );
  await settled();
  c.running[0]?.end();
  c.running[0]?.end(refused());
  await settled();
  const ended = c.events.flatMap(event => (event.type === 'stepEnded' ? [event.result] : []));
  const because = ended.flatMap(result => (result.outcome === 'skipped' ? [[result.step.id, result.because]] : []));
  assert.deepEqual(because.toSorted(), [
    [2, 'no need: step 1 (startContainer of Pod/default/web) was done'],
    [3, 'step 2 (stopPod of Pod/default/web) was skipped'],
    [5, 'step 4 (createPod of Pod/default/db) failed'],
  ]);
});

test('Runner.cancel() and stop() of what is not under way do nothing', async () => {
  const c = crew();
  c.runner.cancel(web, 'wanted differently');
  c.runner.stop('podstead is stopping');
  assert.deepEqual(c.events, []);
});
