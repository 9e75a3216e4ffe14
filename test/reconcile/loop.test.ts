import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { EngineAction } from '../../src/engine/engine.ts';
import { type LoopOptions, reconcileLoop } from '../../src/reconcile/loop.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { SourceError } from '../../src/source/source.ts';
import { settled } from '../fakes/clock.ts';
import { desiredContainer, desiredPod } from '../fakes/desired.ts';
import { passes, type TestHost, testHost } from './host.ts';

interface Running {
  /** Ends the loop, and moves time until it has ended. */
  readonly stop: () => Promise<void>;
}

async function start({ ports, clock }: TestHost, opts: Partial<LoopOptions> = {}): Promise<Running> {
  const leave = new AbortController();
  const ended = reconcileLoop(ports, { signal: leave.signal, ...opts });
  await settled();
  return {
    stop: async () => {
      leave.abort();
      await settled();
      await ended;
      assert.equal(clock.sleeping, 0, 'a timer was left behind');
    },
  };
}

/** Starts, and lets the passes that a start brings with it go by. */
async function startQuiet(host: TestHost, opts: Partial<LoopOptions> = {}): Promise<Running> {
  const running = await start(host, opts);
  await host.clock.advance(5000);
  host.events.length = 0;
  return running;
}

function stateOf({ engine }: TestHost, name: string): string | undefined {
  return engine.host.containerByName(name)?.state;
}

test('reconcileLoop() starts what the source asks for, then says once that it is idle', async () => {
  const host = testHost(['web', 'db']);
  const loop = await start(host);
  await host.clock.advance(5000);
  assert.equal(stateOf(host, 'web-main'), 'running');
  assert.equal(stateOf(host, 'db-main'), 'running');
  assert.equal(host.events.filter(event => event.type === 'idle').length, 1);
  await loop.stop();
});

test('reconcileLoop() passes once for a burst of hints, 20 ms after the last', async () => {
  const host = testHost(['web']);
  const loop = await startQuiet(host);
  for (let hint = 0; hint < 5; hint += 1) {
    host.source.stream.send('changed');
    await host.clock.advance(15);
  }
  assert.equal(passes(host), 0);
  await host.clock.advance(5);
  assert.equal(passes(host), 1);
  await host.clock.advance(1000);
  assert.equal(passes(host), 1);
  await loop.stop();
});

test('reconcileLoop() waits no longer than 200 ms for quiet', async () => {
  const host = testHost(['web']);
  const loop = await startQuiet(host);
  for (let hint = 0; hint < 21; hint += 1) {
    host.source.stream.send('changed');
    await host.clock.advance(10);
  }
  assert.equal(passes(host), 1);
  await loop.stop();
});

test('reconcileLoop() passes at a steady interval though nothing hints at a change', async () => {
  const host = testHost(['web']);
  const loop = await startQuiet(host, { resyncMs: 30_000 });
  await host.clock.advance(90_000);
  assert.equal(passes(host), 3);
  await loop.stop();
});

test('reconcileLoop() repairs what was removed or killed by hand, within 50 ms of the event', async () => {
  const host = testHost(['web', 'db']);
  const loop = await startQuiet(host);
  host.engine.kill('web-main');
  host.engine.removePodByHand('db');
  await host.clock.advance(50);
  assert.equal(stateOf(host, 'web-main'), 'running');
  assert.equal(stateOf(host, 'db-main'), 'running');
  await loop.stop();
});

test('reconcileLoop() repairs at the next resync where the event was lost', async () => {
  const host = testHost(['web'], { events: () => [] });
  const loop = await startQuiet(host);
  host.engine.kill('web-main');
  await host.clock.advance(66_000);
  assert.equal(stateOf(host, 'web-main'), 'running');
  await loop.stop();
});

test('reconcileLoop() removes an absent pod after 2 s, and asks again by itself', async () => {
  const host = testHost(['web', 'db']);
  const loop = await startQuiet(host);
  const record = host.records.all.get('Pod/default/db');
  assert.ok(record);
  const failure = { message: 'it failed once', hint: undefined, count: 1, atMs: 0, fingerprint: 'other' };
  host.records.all.set('Pod/default/db', { ...record, failure });
  host.declare(desiredPod('web'));
  await host.clock.advance(2000);
  assert.equal(stateOf(host, 'db-main'), 'running');
  await host.clock.advance(100);
  assert.equal(host.engine.host.podByName('db'), undefined);
  assert.equal(host.records.all.has('Pod/default/db'), false);
  await loop.stop();
});

test('reconcileLoop() keeps an emptied source running, saves the hold, and says so', async () => {
  const host = testHost(['web', 'db']);
  const loop = await startQuiet(host);
  host.declare();
  await host.clock.advance(120_000);
  assert.equal(stateOf(host, 'web-main'), 'running');
  const planned = host.events.filter(event => event.type === 'planned').at(-1);
  assert.match(planned?.notices[0]?.message ?? '', /turned empty/);
  assert.equal(host.saved.at(-1)?.ownedBefore, 2);
  await loop.stop();
});

test('reconcileLoop() lets a slow pull delay nothing else', async () => {
  const slow = desiredPod('slow', { containers: [desiredContainer('slow-main', { image: 'big' })] });
  const isBig = (action: EngineAction): boolean => action.verb === 'pull' && action.image.reference === 'big';
  const host = testHost([], { fault: action => (isBig(action) ? 'hang' : undefined) });
  host.engine.host.registry.add('big');
  const loop = await startQuiet(host);
  host.declare(slow, desiredPod('web'));
  await host.clock.advance(3000);
  assert.equal(stateOf(host, 'web-main'), 'running');
  host.engine.kill('web-main');
  await host.clock.advance(2000);
  assert.equal(stateOf(host, 'web-main'), 'running');
  await loop.stop();
});

test('reconcileLoop() gives up a pull that another wish has overtaken, and starts with the new one at once', async () => {
  const withImage = (image: string) =>
    desiredPod('web', { containers: [desiredContainer('web-main', { image, digest: image })] });
  const host = testHost([], {
    fault: action => (action.verb === 'pull' && action.image.reference === 'typo' ? 'hang' : undefined),
  });
  const loop = await startQuiet(host);
  host.declare(withImage('typo'));
  await host.clock.advance(1000);
  assert.equal(stateOf(host, 'web-main'), undefined);
  host.declare(withImage('web'));
  await host.clock.advance(100);
  assert.equal(stateOf(host, 'web-main'), 'running');
  assert.equal(host.records.all.get('Pod/default/web')?.failure, undefined);
  await loop.stop();
});

test('reconcileLoop() does not give up what is under way because its manifest broke', async () => {
  const host = testHost([], { fault: action => (action.verb === 'pull' ? 'hang' : undefined) });
  const loop = await startQuiet(host);
  host.declare(desiredPod('web'));
  await host.clock.advance(1000);
  host.desired = { ...host.desired, pods: new Map(), complete: false };
  host.source.change({});
  await host.clock.advance(5000);
  assert.equal(host.events.filter(event => event.type === 'stepEnded').length, 0);
  await loop.stop();
});

test('reconcileLoop() tries a failing pod when its back-off is over, and notes how often it failed', async () => {
  const host = testHost(['web']);
  host.engine.host.registry.clear();
  const loop = await start(host);
  await host.clock.advance(9000);
  assert.equal(host.engine.calls.filter(call => call === 'pull').length, 1);
  await host.clock.advance(2000);
  assert.equal(host.engine.calls.filter(call => call === 'pull').length, 2);
  assert.equal(host.records.all.get('Pod/default/web')?.failure?.count, 2);
  host.engine.host.registry.add('web');
  await host.clock.advance(25_000);
  assert.equal(stateOf(host, 'web-main'), 'running');
  assert.equal(host.records.all.get('Pod/default/web')?.failure, undefined);
  await loop.stop();
});

test('reconcileLoop() tries a changed wish at once, though the old one failed', async () => {
  const host = testHost([]);
  const bad = desiredPod('web', { containers: [desiredContainer('web-main', { image: 'typo', digest: 'd1' })] });
  const loop = await startQuiet(host);
  host.declare(bad);
  await host.clock.advance(1000);
  assert.equal(host.records.all.get('Pod/default/web')?.failure?.count, 1);
  host.declare(desiredPod('web'));
  await host.clock.advance(100);
  assert.equal(stateOf(host, 'web-main'), 'running');
  await loop.stop();
});

test('reconcileLoop() backs off though no failure can be written', async () => {
  const host = testHost(['web']);
  host.engine.host.registry.clear();
  host.records.fault = new Error('ENOSPC');
  const loop = await start(host);
  await host.clock.advance(60_000);
  const pulls = host.engine.calls.filter(call => call === 'pull').length;
  assert.ok(pulls >= 3 && pulls <= 8, `${pulls} pulls`);
  await loop.stop();
});

test('reconcileLoop() tries a changed wish at once, though the failure of the old one could not be written', async () => {
  const host = testHost([]);
  const loop = await startQuiet(host);
  host.records.fault = new Error('ENOSPC');
  host.declare(desiredPod('web', { containers: [desiredContainer('web-main', { image: 'typo', digest: 'd1' })] }));
  await host.clock.advance(500);
  host.declare(desiredPod('web'));
  await host.clock.advance(100);
  assert.equal(stateOf(host, 'web-main'), 'running');
  await loop.stop();
});

test('reconcileLoop() stops changing without pause what never is as desired', async () => {
  const host = testHost(['web']);
  const { plan } = host.ports;
  const blind: Ports['plan'] = (desired, actual, opts) => plan(desired, { ...actual, pods: new Map() }, opts);
  const loop = await start({ ...host, ports: { ...host.ports, plan: blind, uid: () => 'uid' } });
  await host.clock.advance(30_000);
  const tries = host.engine.calls.filter(call => call === 'startContainer').length;
  assert.ok(tries >= 8 && tries <= 12, `${tries} tries`);
  assert.match(host.records.all.get('Pod/default/web')?.failure?.message ?? '', /Cannot bring/);
  await loop.stop();
});

test('reconcileLoop() backs off from a removal that fails', async () => {
  const host = testHost(['web', 'db'], { fault: action => (action.verb === 'removePod' ? 'error' : undefined) });
  const loop = await startQuiet(host);
  host.declare(desiredPod('web'));
  await host.clock.advance(60_000);
  const removals = host.engine.calls.filter(call => call === 'removePod').length;
  assert.ok(removals >= 3 && removals <= 8, `${removals} removals`);
  await loop.stop();
});

test('reconcileLoop() tries a removal that failed again though the clock was set back by an hour', async () => {
  const host = testHost(['web', 'db'], { fault: action => (action.verb === 'removePod' ? 'error' : undefined) });
  const loop = await startQuiet(host);
  host.declare(desiredPod('web'));
  await host.clock.advance(30_000);
  host.clock.jump(-3_600_000);
  const before = host.engine.calls.filter(call => call === 'removePod').length;
  await host.clock.advance(120_000);
  const after = host.engine.calls.filter(call => call === 'removePod').length;
  assert.ok(after > before && after <= before + 6, `${before}, then ${after} removals`);
  await loop.stop();
});

test('reconcileLoop() bears an engine that is gone for a minute, and goes on as soon as it answers', async () => {
  const host = testHost(['web']);
  const loop = await startQuiet(host);
  host.engine.vanish();
  await host.clock.advance(60_000);
  const failed = host.events.filter(event => event.type === 'passFailed');
  assert.ok(failed.length >= 5 && failed.length <= 10, `${failed.length} failing passes`);
  assert.equal(failed[0]?.failure.code, 'ENGINE_UNREACHABLE');
  host.engine.down = false;
  host.engine.kill('web-main');
  await host.clock.advance(3500);
  assert.equal(stateOf(host, 'web-main'), 'running');
  assert.equal(host.records.all.get('Pod/default/web')?.failure, undefined);
  await loop.stop();
});

test('reconcileLoop() blames no pod for an engine that left in the middle', async () => {
  let isLeaving = true;
  const host = testHost([], {
    latency: async () => {
      if (isLeaving) host.engine.vanish();
    },
  });
  const loop = await startQuiet(host);
  host.declare(desiredPod('web'));
  await host.clock.advance(5000);
  assert.equal(host.events.filter(event => event.type === 'settled')[0]?.failure?.code, 'ENGINE_UNREACHABLE');
  isLeaving = false;
  host.engine.down = false;
  await host.clock.advance(3500);
  assert.equal(stateOf(host, 'web-main'), 'running');
  assert.ok(!host.records.writes.some(write => write.startsWith('fail')));
  await loop.stop();
});

test('reconcileLoop() looks again when the event stream ends, and opens another', async () => {
  const host = testHost(['web'], { events: () => [] });
  const loop = await startQuiet(host);
  host.engine.kill('web-main');
  host.engine.stream.end();
  await host.clock.advance(100);
  assert.equal(stateOf(host, 'web-main'), 'running');
  await host.clock.advance(1000);
  assert.equal(host.engine.stream.readers, 1);
  await loop.stop();
});

test('reconcileLoop() removes nothing while the root of the source cannot be read, and recovers by itself', async () => {
  const host = testHost(['web']);
  const loop = await startQuiet(host);
  host.source.fault = new SourceError('SOURCE_MISSING', 'Cannot read "/manifests": it is not there');
  host.source.stream.send('changed');
  await host.clock.advance(120_000);
  assert.equal(stateOf(host, 'web-main'), 'running');
  // It looks all the same, so that what stops is started again.
  const blind = host.events.filter(event => event.type === 'planned');
  assert.ok(blind.length > 0);
  assert.ok(blind.every(({ plan, problems }) => plan.steps.length === 0 && problems.length === 1));
  host.source.fault = undefined;
  host.source.stream.send('changed');
  await host.clock.advance(600);
  assert.deepEqual(host.events.findLast(event => event.type === 'planned')?.problems, []);
  await loop.stop();
});

test('reconcileLoop() looks at the engine once a pass, and no more often than ten times a second, while it cannot read the source', async () => {
  const host = testHost(['web']);
  const { plan } = host.ports;
  // Something is always due at once.
  const hasty: Ports['plan'] = (desired, actual, opts) => ({ ...plan(desired, actual, opts), nextMs: opts.now });
  const loop = await startQuiet({ ...host, ports: { ...host.ports, plan: hasty } });
  host.source.fault = new SourceError('SOURCE_MISSING', 'Cannot read "/manifests": it is not there');
  const looks = (): number => host.engine.calls.filter(call => call === 'observe').length;
  const [looksBefore, eventsBefore] = [looks(), host.events.length];
  await host.clock.advance(10_000);
  const passes = host.events.slice(eventsBefore).filter(event => event.type === 'passFailed').length;
  assert.ok(passes > 10 && passes <= 100, `${passes} failing passes`);
  assert.equal(looks() - looksBefore, passes);
  await loop.stop();
});

test('reconcileLoop() lets hints hurry a failing pass no more than twice a second', async () => {
  const host = testHost(['web']);
  const loop = await startQuiet(host);
  host.source.fault = new SourceError('SOURCE_MISSING', 'Cannot read "/manifests": it is not there');
  for (let hint = 0; hint < 100; hint += 1) {
    host.source.stream.send('changed');
    await host.clock.advance(100);
  }
  const failed = host.events.filter(event => event.type === 'passFailed').length;
  assert.ok(failed > 10 && failed <= 20, `${failed} failing passes`);
  await loop.stop();
});

test('reconcileLoop() never runs two passes at once', async () => {
  const host = testHost(['web']);
  let inside = 0;
  let most = 0;
  const read = host.source.read.bind(host.source);
  host.source.read = async opts => {
    inside += 1;
    most = Math.max(most, inside);
    host.source.stream.send('changed');
    await host.clock.sleep(300, opts.signal);
    inside -= 1;
    return read(opts);
  };
  const loop = await start(host);
  await host.clock.advance(5000);
  assert.equal(most, 1);
  assert.ok(passes(host) > 5);
  await loop.stop();
});

test('reconcileLoop() does not pass for each echo of its own work', async () => {
  const host = testHost(
    Array.from({ length: 30 }, (_, at) => `p${at}`),
    { latency: () => host.clock.sleep(50, never) },
  );
  const never = new AbortController().signal;
  const loop = await start(host);
  await host.clock.advance(2000);
  assert.ok(host.events.filter(event => event.type === 'stepEnded').length > 60);
  assert.ok(passes(host) <= 4, `${passes(host)} passes`);
  await host.clock.advance(20_000);
  await loop.stop();
});

test('reconcileLoop() leaves after running effects have ended, and starts no others', async () => {
  const host = testHost(['web'], { latency: () => host.clock.sleep(1000, never) });
  const never = new AbortController().signal;
  const leave = new AbortController();
  let hasEnded = false;
  const ended = reconcileLoop(host.ports, { signal: leave.signal }).then(() => {
    hasEnded = true;
  });
  await host.clock.advance(1500);
  const effects = (): readonly string[] => host.engine.calls.filter(call => call !== 'observe');
  assert.deepEqual(effects(), ['pull', 'createPod']);
  leave.abort();
  await host.clock.advance(400);
  assert.equal(hasEnded, false);
  await host.clock.advance(200);
  await ended;
  assert.ok(host.engine.host.podByName('web'));
  assert.deepEqual(effects(), ['pull', 'createPod']);
  assert.equal(host.clock.sleeping, 0);
});

test('reconcileLoop() gives up on effects that outlast the grace period', async () => {
  const host = testHost(['web'], { fault: action => (action.verb === 'createPod' ? 'hang' : undefined) });
  const leave = new AbortController();
  const ended = reconcileLoop(host.ports, { signal: leave.signal, graceMs: 3000 });
  await host.clock.advance(1000);
  leave.abort();
  await host.clock.advance(3000);
  await ended;
  await settled();
  const outcomes = host.events.flatMap(event => (event.type === 'stepEnded' ? [event.result.outcome] : []));
  assert.deepEqual(outcomes.toSorted(), ['done', 'skipped', 'skipped', 'skipped', 'skipped']);
  assert.equal(host.clock.sleeping, 0);
});

test('reconcileLoop() rejects on a bug of ours, with no timer left', async () => {
  const host = testHost(['web']);
  const ports = {
    ...host.ports,
    load: () => {
      throw new TypeError('x is undefined');
    },
  };
  const { signal } = new AbortController();
  await assert.rejects(reconcileLoop(ports, { signal }), TypeError);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
  assert.equal(host.clock.sleeping, 0);
});

test('reconcileLoop() returns at once where the signal has aborted already', async () => {
  const host = testHost(['web']);
  await reconcileLoop(host.ports, { signal: AbortSignal.abort() });
  assert.deepEqual(host.engine.calls, []);
  assert.equal(host.clock.sleeping, 0);
});
