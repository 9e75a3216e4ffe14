import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key } from '../../src/model/key.ts';
import type { Step } from '../../src/model/plan.ts';
import type { DesiredHooks } from '../../src/model/probe.ts';
import { settled } from '../fakes/clock.ts';
import { desiredContainer, desiredPod } from '../fakes/desired.ts';
import { planOf, step } from '../fakes/plans.ts';
import { broken, type Crew, crew, outcomes, refused } from './crew.ts';

const web: Key = 'Pod/default/web';
const db: Key = 'Pod/default/db';
const image: Key = 'Image/-/web';

/** Ends running effects with success until nothing runs. */
async function finish({ running, clock }: Crew): Promise<void> {
  for (await settled(); running.length > 0; await settled()) running[0]?.end();
  await clock.advance(0);
}

function verbs({ running }: Crew): readonly string[] {
  return running.map(({ action }) => action.verb);
}

test('Runner.start() runs a step once those it waits on are done, and no earlier', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'pull'), step(2, web, 'createPod', [1]), step(3, web, 'startContainer', [2])]));
  await settled();
  assert.deepEqual(verbs(c), ['pull']);
  c.running[0]?.end();
  await settled();
  assert.deepEqual(verbs(c), ['createPod']);
  await finish(c);
  assert.deepEqual(outcomes(c.events), { 1: 'done', 2: 'done', 3: 'done' });
  assert.deepEqual(c.endings.get(web), { outcome: 'done' });
});

test('Runner.start() runs ways back only where their last step failed', async () => {
  const c = crew();
  const back = [
    step(1, web, 'stopPod'),
    step(2, web, 'startContainer', [1]),
    step(3, web, 'startPod', [1, 2], 'failed'),
  ];
  c.runner.start(planOf(back));
  await settled();
  c.running[0]?.end();
  await settled();
  c.running[0]?.end(refused());
  await settled();
  assert.deepEqual(verbs(c), ['startPod']);
  await finish(c);
  assert.equal(c.endings.get(web)?.outcome, 'failed', 'the way back does not undo the failure');
});

test('Runner.start() takes a way back that was not needed, and what follows it, for no loss', async () => {
  const c = crew();
  const steps = [
    step(1, web, 'startContainer'),
    step(2, web, 'startPod', [1], 'failed'),
    step(3, web, 'removePod', [2]),
  ];
  c.runner.start(planOf(steps));
  await finish(c);
  assert.deepEqual(outcomes(c.events), { 1: 'done', 2: 'skipped', 3: 'skipped' });
  assert.deepEqual(c.endings.get(web), { outcome: 'done' });
});

test('Runner.start() does not run a way back from what was skipped', async () => {
  const c = crew();
  c.runner.start(
    planOf([step(1, web, 'pull'), step(2, web, 'startContainer', [1]), step(3, web, 'startPod', [2], 'failed')]),
  );
  await settled();
  c.running[0]?.end(refused());
  await finish(c);
  assert.deepEqual(outcomes(c.events), { 1: 'failed', 2: 'skipped', 3: 'skipped' });
});

test('Runner.start() lets the failure of a pull be that of every pod that waited for it', async () => {
  const c = crew();
  const pods = [step(2, web, 'createPod', [1]), step(3, db, 'createPod', [1])];
  c.runner.start(planOf([step(1, image, 'pull'), ...pods, step(4, db, 'startContainer', [3])]));
  await settled();
  c.running[0]?.end(refused());
  await finish(c);
  for (const key of [image, web, db]) assert.equal(c.endings.get(key)?.outcome, 'failed', key);
});

test('Runner.start() does not blame a pod for the pod that it waited on', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'startContainer'), step(2, db, 'createPod', [1])]));
  await settled();
  c.running[0]?.end(refused());
  await finish(c);
  assert.equal(c.endings.get(web)?.outcome, 'failed');
  assert.deepEqual(c.endings.get(db), {
    outcome: 'skipped',
    because: 'step 1 (startContainer of Pod/default/web) failed',
  });
});

test('Runner.start() keeps each lane to its limit, and slow lanes out of the way of quick steps', async () => {
  const c = crew({ limits: { quick: 1, stop: 2, fetch: 1, hook: 1, record: 1 } });
  const verbsByKey = ['pull', 'pull', 'stopPod', 'stopPod', 'stopPod', 'createPod', 'createPod'] as const;
  c.runner.start(planOf(verbsByKey.map((verb, at) => step(at + 1, `Pod/default/p${at}`, verb))));
  await settled();
  assert.deepEqual(verbs(c), ['pull', 'stopPod', 'stopPod', 'createPod']);
  await finish(c);
  assert.equal(c.runner.busy().size, 0);
});

test('Runner.start() brings a pod that it has begun to its end before it begins another', async () => {
  const c = crew({ limits: { quick: 1, stop: 1, fetch: 1, hook: 1, record: 1 } });
  const verbsInOrder = ['createPod', 'createContainer', 'startContainer'] as const;
  const steps = verbsInOrder.flatMap((verb, at) => [
    step(2 * at + 1, web, verb, at === 0 ? [] : [2 * at - 1]),
    step(2 * at + 2, db, verb, at === 0 ? [] : [2 * at]),
  ]);
  c.runner.start(planOf(steps));
  await finish(c);
  const started = c.events.flatMap(event => (event.type === 'stepStarted' ? [event.step.id] : []));
  assert.deepEqual(started, [1, 3, 5, 2, 4, 6]);
});

test('Runner.start() lets no hook after a start keep other pods from being started', async () => {
  const c = crew({ limits: { quick: 1, stop: 1, fetch: 1, hook: 1, record: 1 } });
  const started = (id: number, name: string, hooks: DesiredHooks): Step => {
    const container = desiredContainer(`${name}-main`, { hooks });
    const action = { verb: 'startContainer', pod: desiredPod(name), uid: 'u', container } as const;
    return { ...step(id, `Pod/default/${name}`, 'startContainer'), action };
  };
  const postStart = { type: 'sleep', seconds: 600 } as const;
  c.runner.start(planOf([started(1, 'a', { postStart }), started(2, 'b', { postStart }), started(3, 'c', {})]));
  await settled();
  const names = c.running.map(({ action }) => action.verb === 'startContainer' && action.container.engineName);
  assert.deepEqual(names, ['a-main', 'c-main']);
  await finish(c);
});

test('Runner.start() sends record verbs to the records and all else to the engine', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'writeRecord'), step(2, web, 'removeRecord', [1])]));
  await finish(c);
  assert.deepEqual(c.records.writes, [`write ${web}`, `remove ${web}`]);
});

test('Runner.start() refuses a plan for a key that is busy', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'pull')]));
  assert.throws(() => c.runner.start(planOf([step(1, web, 'pull')])), /unfinished/);
  c.runner.start(planOf([step(1, db, 'createPod')]));
  await finish(c);
});

test('Runner tries quick steps again after transient failures, three times in all', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'createPod')]));
  for (let tries = 1; tries <= 3; tries += 1) {
    await settled();
    assert.equal(c.running.length, 1, `try ${tries}`);
    c.running[0]?.end(broken());
    await settled();
    assert.equal(c.running.length, 0);
    await c.clock.advance(1000);
  }
  assert.equal(c.endings.get(web)?.outcome, 'failed');
  assert.equal(c.running.length, 0);
});

test('Runner leaves failed pulls and lasting failures to the loop', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, image, 'pull'), step(2, web, 'createPod')]));
  await settled();
  c.running[0]?.end(broken());
  c.running[0]?.end(refused());
  await c.clock.advance(10_000);
  assert.deepEqual(outcomes(c.events), { 1: 'failed', 2: 'failed' });
});

test('Runner reports a bug of an executor as the failure of that step alone', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'createPod'), step(2, db, 'createPod')]));
  await settled();
  c.running[0]?.end(new TypeError('x is undefined'));
  await finish(c);
  const ending = c.endings.get(web);
  assert.equal(ending?.outcome === 'failed' && ending.failure.code, 'INTERNAL');
  assert.deepEqual(c.endings.get(db), { outcome: 'done' });
});

test('Runner.cancel() skips what has not begun, aborts a pull, and lets other effects end', async () => {
  const c = crew();
  const steps = [
    step(1, web, 'pull'),
    step(2, web, 'createPod'),
    step(3, web, 'startContainer', [1, 2]),
    step(4, db, 'createPod', [3]),
    step(5, db, 'createContainer'),
  ];
  c.runner.start(planOf(steps));
  await settled();
  c.runner.cancel(web, 'wanted differently');
  await settled();
  assert.deepEqual(verbs(c), ['createPod', 'createContainer']);
  assert.ok(c.running.every(({ opts }) => !opts.signal.aborted));
  await finish(c);
  assert.deepEqual(outcomes(c.events), { 1: 'skipped', 2: 'done', 3: 'skipped', 4: 'skipped', 5: 'done' });
  assert.deepEqual(c.endings.get(web), { outcome: 'skipped', because: 'wanted differently' });
});

test('Runner.cancel() lets a pod that is down come up first', async () => {
  const c = crew();
  const steps = [
    step(1, web, 'stopContainer'),
    step(2, web, 'createContainer', [1]),
    step(3, web, 'startContainer', [2]),
    step(4, web, 'writeRecord', [3]),
    step(5, web, 'pull'),
  ];
  c.runner.start(planOf(steps));
  await settled();
  c.runner.cancel(web, 'wanted differently');
  await finish(c);
  assert.deepEqual(outcomes(c.events), { 1: 'done', 2: 'done', 3: 'done', 4: 'done', 5: 'skipped' });
});

test('Runner.cancel() stops a removal between its steps, as no start follows', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'stopPod'), step(2, web, 'removePod', [1]), step(3, web, 'removeRecord', [2])]));
  await settled();
  c.runner.cancel(web, 'wanted again');
  await finish(c);
  assert.deepEqual(outcomes(c.events), { 1: 'done', 2: 'skipped', 3: 'skipped' });
});

test('Runner.cancel() leaves the way back from a start that has begun', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'startContainer'), step(2, web, 'startPod', [1], 'failed')]));
  await settled();
  c.runner.cancel(web, 'wanted differently');
  c.running[0]?.end(refused());
  await finish(c);
  assert.deepEqual(outcomes(c.events), { 1: 'failed', 2: 'done' });
});

test('Runner.abort() gives up on everything at once', async () => {
  const c = crew();
  c.runner.start(planOf([step(1, web, 'createPod'), step(2, web, 'startContainer', [1]), step(3, db, 'pull')]));
  await settled();
  c.runner.abort('the grace period is over');
  await c.runner.idle();
  assert.deepEqual(outcomes(c.events), { 1: 'skipped', 2: 'skipped', 3: 'skipped' });
  assert.equal(c.clock.sleeping, 0);
});

test('Runner.busy() names a key until its ending has been noted', async () => {
  const c = crew({ noteMs: 100 });
  c.runner.start(planOf([step(1, web, 'createPod')]));
  await settled();
  let isIdle = false;
  const idle = c.runner.idle().then(() => {
    isIdle = true;
  });
  c.running[0]?.end();
  await settled();
  assert.deepEqual([...c.runner.busy()], [web]);
  assert.equal(isIdle, false);
  await c.clock.advance(100);
  await idle;
  assert.equal(c.runner.busy().size, 0);
  assert.deepEqual(c.endings.get(web), { outcome: 'done' });
  assert.equal(c.events.at(-1)?.type, 'settled');
});
