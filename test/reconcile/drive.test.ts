import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../src/engine/engine.ts';
import type { Key } from '../../src/model/key.ts';
import type { Probes } from '../../src/probe/ports.ts';
import { reconcileLoop } from '../../src/reconcile/loop.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { notReady } from '../../src/reconcile/settle.ts';
import { SourceError } from '../../src/source/source.ts';
import { desiredContainer, desiredOf, desiredPod } from '../fakes/desired.ts';
import type { FakeEngineOptions } from '../fakes/engine.ts';
import { change, planOf, step } from '../fakes/plans.ts';
import { blankRecord } from '../fakes/records.ts';
import { FakeStream } from '../fakes/stream.ts';
import { fingerprint, passes, settleOn, type TestHost, testHost } from './host.ts';

const web: Key = 'Pod/default/web';
const never = new AbortController().signal;

/** Runs the loop of a host while `script` goes on, and then to its end. */
async function during(host: TestHost, script: () => Promise<void>, ports: Ports = host.ports): Promise<void> {
  const leave = new AbortController();
  const ended = reconcileLoop(ports, { signal: leave.signal });
  await script();
  leave.abort();
  await host.clock.advance(30_000);
  await ended;
  assert.equal(host.clock.sleeping, 0, 'a timer was left behind');
}

function missing(): SourceError {
  return new SourceError('SOURCE_MISSING', 'Cannot read "/manifests": it is not there');
}

test('reconcileLoop() starts with another wish at once though another pod is busy', async () => {
  const of = (name: string, image: string) =>
    desiredPod(name, { containers: [desiredContainer(`${name}-main`, { image, digest: image })] });
  const host = testHost([], {
    fault: action => (action.verb === 'pull' && action.image.reference !== 'web' ? 'hang' : undefined),
  });
  await during(host, async () => {
    await host.clock.advance(5000);
    host.declare(of('web', 'typo'), of('slow', 'big'));
    await host.clock.advance(5000);
    host.declare(of('web', 'web'), of('slow', 'big'));
    await host.clock.advance(100);
    assert.equal(host.engine.host.containerByName('web-main')?.state, 'running');
  });
});

test('reconcileLoop() looks at once when probes found something, and tells them what is under way', async () => {
  const host = testHost(['web'], { latency: () => host.clock.sleep(1000, never) });
  const stream = new FakeStream();
  const followed: (readonly Key[])[] = [];
  const probes: Probes = {
    join: actual => actual,
    follow: (_desired, _actual, busy) => void followed.push([...busy]),
    wakes: ({ signal }) => stream.read(signal),
  };
  await during(
    host,
    async () => {
      await host.clock.advance(30_000);
      assert.deepEqual([followed[0], followed.at(-1)], [[web], []]);
      const before = passes(host);
      stream.send('unhealthy');
      await host.clock.advance(20);
      assert.equal(passes(host), before + 1);
    },
    { ...host.ports, probes },
  );
});

test('reconcileLoop() blames the source for no failure of the engine', async () => {
  const host = testHost(['web']);
  const observe = host.engine.observe.bind(host.engine);
  let looks = 0;
  host.engine.observe = async opts => {
    looks += 1;
    if (looks === 2) throw new EngineError('ENGINE_UNREACHABLE', 'Cannot reach the engine: planted');
    return observe(opts);
  };
  await during(host, () => host.clock.advance(120_000));
  assert.equal(host.events.filter(({ type }) => type === 'passFailed').length, 1);
  const told = host.events.flatMap(event => (event.type === 'planned' ? event.problems : []));
  assert.deepEqual(told, []);
});

test('reconcileLoop() asks for no try out of turn, at its start or while the root of the source is away', async () => {
  const host = testHost(['web']);
  const [pod] = host.desired.pods.values();
  assert.ok(pod);
  const failure = { message: 'x', hint: undefined, count: 60, atMs: host.clock.now(), fingerprint: fingerprint(pod) };
  host.records.all.set(web, { ...blankRecord(web, web), failure });
  await during(host, async () => {
    await host.clock.advance(1000);
    host.source.fault = missing();
    host.source.change({});
    await host.clock.advance(60_000);
  });
  assert.ok(host.asked.length > 3);
  assert.deepEqual(
    host.asked.filter(({ retryNow }) => retryNow),
    [],
  );
  assert.ok(!host.engine.calls.includes('pull'));
});

test('reconcileLoop() does what is due in time while the root of the source is away', async () => {
  const host = testHost();
  const ports: Ports = {
    ...host.ports,
    plan: (_desired, _actual, { now }) => ({ ...planOf([], [change('wait', web, now + 2000)]), nextMs: now + 2000 }),
  };
  host.source.fault = missing();
  await during(host, () => host.clock.advance(120_000), ports);
  assert.ok(passes(host) >= 50, `${passes(host)} passes`);
});

test('reconcileLoop() is not idle in a pass that began with steps under way, though they end meanwhile', async () => {
  const host = testHost(['web'], { latency: () => host.clock.sleep(1000, never) });
  const read = host.source.read.bind(host.source);
  host.source.read = async opts => {
    if (host.source.reads === 1) await host.clock.sleep(10_000, opts.signal);
    return read(opts);
  };
  await during(host, async () => {
    await host.clock.advance(500);
    host.source.change({});
    await host.clock.advance(30_000);
  });
  const order = host.events.flatMap(({ type }) => (type === 'planned' || type === 'idle' ? [type] : []));
  assert.deepEqual(order.slice(0, 4), ['planned', 'planned', 'planned', 'idle']);
});

test('reconcileLoop() is not idle after a pass that did something, though that ended before the pass did', async () => {
  const host = testHost(['web', 'db']);
  await settleOn(host);
  const failure = { message: 'x', hint: undefined, count: 1, atMs: 0, fingerprint: 'other' };
  const record = host.records.all.get(web);
  assert.ok(record);
  host.records.all.set(web, { ...record, failure });
  host.engine.removePodByHand('db');
  host.events.length = 0;
  const fail = host.records.fail.bind(host.records);
  host.records.fail = async (...args) => {
    await host.clock.sleep(5000, never);
    return fail(...args);
  };
  await during(host, () => host.clock.advance(30_000));
  const order = host.events.flatMap(({ type }) => (type === 'planned' || type === 'idle' ? [type] : []));
  assert.deepEqual(order.slice(0, 3), ['planned', 'planned', 'idle']);
});

test('reconcileLoop() says that it is idle where its first pass finds nothing to do', async () => {
  const host = testHost(['web']);
  await settleOn(host);
  host.events.length = 0;
  await during(host, () => host.clock.advance(10_000));
  assert.equal(host.events.filter(({ type }) => type === 'idle').length, 1);
});

test('reconcileLoop() passes ten times a second at the most for what always is due', async () => {
  const host = testHost();
  const ports: Ports = { ...host.ports, plan: (_desired, _actual, { now }) => ({ ...planOf([]), nextMs: now }) };
  await during(host, () => host.clock.advance(10_000), ports);
  assert.ok(passes(host) >= 90 && passes(host) <= 102, `${passes(host)} passes`);
});

test('reconcileLoop() looks again soon when one of several has ended', async () => {
  const slow = desiredPod('slow', { containers: [desiredContainer('slow-main', { image: 'big' })] });
  const fault: FakeEngineOptions['fault'] = action =>
    action.verb === 'pull' && action.image.reference === 'big' ? 'hang' : undefined;
  const host = testHost([], { fault, events: () => [] });
  host.desired = desiredOf([desiredPod('web'), slow]);
  await during(host, async () => {
    await host.clock.advance(3000);
    assert.ok(passes(host) >= 2);
  });
});

test('reconcileLoop() looks again at once when all that was under way has ended', async () => {
  const host = testHost(['web']);
  await during(host, async () => {
    await host.clock.advance(100);
    assert.equal(host.events.at(-1)?.type, 'idle');
  });
});

test('reconcileLoop() spends at most about a tenth of the time on passes while steps run', async () => {
  const host = testHost(['web'], { fault: ({ verb }) => (verb === 'pull' ? 'hang' : undefined) });
  const read = host.source.read.bind(host.source);
  host.source.read = async opts => {
    await host.clock.sleep(300, opts.signal);
    return read(opts);
  };
  await during(host, async () => {
    await host.clock.advance(1000);
    const before = passes(host);
    for (let at = 0; at < 330; at += 1) {
      host.engine.stream.send('echo');
      await host.clock.advance(100);
    }
    const more = passes(host) - before;
    assert.ok(more >= 9 && more <= 11, `${more} passes in 33 s of 300 ms each`);
  });
});

test('settle() looks no more often than that while steps run, however soon it would look again', async () => {
  const host = testHost(['web'], { fault: ({ verb }) => (verb === 'pull' ? 'hang' : undefined) });
  const read = host.source.read.bind(host.source);
  host.source.read = async opts => {
    await host.clock.sleep(900, opts.signal);
    return read(opts);
  };
  await settleOn(host, { timeoutMs: 60_000, graceMs: 100 });
  assert.ok(passes(host) >= 6 && passes(host) <= 8, `${passes(host)} passes in 60 s of 900 ms each`);
});

test('reconcileLoop() says of what it skips and gives up that it is stopping', async () => {
  const host = testHost(['web'], { fault: ({ verb }) => (verb === 'createPod' ? 'hang' : undefined) });
  await during(host, () => host.clock.advance(1000));
  const ended = host.events.flatMap(event => (event.type === 'stepEnded' ? [event.result] : []));
  const because = ended.flatMap(result => (result.outcome === 'skipped' ? [result.because] : []));
  assert.deepEqual(new Set(because), new Set(['podstead is stopping', 'podstead stopped before it ended']));
});

test('settle() looks no more often for having probes to listen to', async () => {
  const stream = new FakeStream();
  const silent: Probes = {
    join: actual => actual,
    follow: () => undefined,
    wakes: ({ signal }) => stream.read(signal),
  };
  const looks = async (more: Partial<Ports>): Promise<readonly number[]> => {
    const host = testHost(['web'], { latency: () => host.clock.sleep(800, never) });
    const startedMs = host.clock.now();
    await settleOn({ ...host, ports: { ...host.ports, ...more } });
    return host.events.flatMap(event => (event.type === 'planned' ? [event.atMs - startedMs] : []));
  };
  assert.deepEqual(await looks({ probes: silent }), await looks({}));
});

test('settle() waits for what is under way though no change speaks of it, and ends with its signal', async () => {
  const host = testHost(['web'], { fault: ({ verb }) => (verb === 'removeFiles' ? 'hang' : undefined) });
  let plans = 0;
  const plan = () => {
    plans += 1;
    return planOf(plans === 1 ? [step(1, 'Files/-/u', 'removeFiles')] : [], [change('keep', web)]);
  };
  const { timedOut } = await settleOn({ ...host, ports: { ...host.ports, plan } }, { timeoutMs: 10_000 });
  assert.equal(timedOut, true);
  plans = 0;
  const leave = new AbortController();
  void host.clock.sleep(3000, never).then(() => leave.abort());
  const beganMs = host.clock.now();
  const left = await settleOn({ ...host, ports: { ...host.ports, plan } }, { signal: leave.signal, graceMs: 100 });
  assert.equal(left.timedOut, false);
  assert.ok(host.clock.now() - beganMs < 10_000);
});

test('settle() waits until probes find ready what runs, and not for what is held back', async () => {
  const tcp = { handler: { type: 'tcp', port: 80 } } as never;
  const probed = (name: string) =>
    desiredPod(name, { containers: [desiredContainer(`${name}-main`, { probes: { readiness: tcp } })] });
  const host = testHost();
  host.desired = desiredOf([probed('web'), probed('held')]);
  const readyMs = host.clock.now() + 7000;
  const probes: Probes = {
    join: actual => {
      const health = { started: true, ready: host.clock.now() >= readyMs, message: 'refused', failed: undefined };
      const pods = [...actual.pods].map(([key, pod]) => {
        const containers = [...pod.containers].map(([name, each]) => [name, key === web ? { ...each, health } : each]);
        return [key, { ...pod, containers: new Map(containers as never) }] as const;
      });
      return { ...actual, pods: new Map(pods) as never };
    },
    follow: () => undefined,
    wakes: ({ signal }) => new FakeStream().read(signal),
  };
  const holding: Ports['plan'] = (desired, actual, opts) => {
    const plan = host.ports.plan(desired, actual, opts);
    const changes = plan.changes.map(each =>
      each.key === web || each.op !== 'keep' ? each : change('hold', each.key),
    );
    return { ...plan, changes };
  };
  const { outcome, timedOut } = await settleOn({ ...host, ports: { ...host.ports, plan: holding, probes } });
  assert.equal(timedOut, false);
  assert.ok(host.clock.now() >= readyMs);
  assert.equal((await settleOn(host)).timedOut, false, 'with nobody to tell, nothing is waited for');
  assert.ok(outcome);
  assert.deepEqual(notReady(outcome), []);
  const none = { ...outcome, plan: { ...outcome.plan, changes: [] } };
  assert.deepEqual(notReady(none), [
    { key: 'Pod/default/held', why: "container 'main' is not ready: its probes have not run yet" },
  ]);
});

test('settle() with wait: false ends when time is up, whatever hangs, and does not watch the source', async () => {
  const host = testHost(['web'], { fault: ({ verb }) => (verb === 'pull' ? 'hang' : undefined) });
  host.source.wakes = () => assert.fail('it watches');
  const { timedOut } = await settleOn(host, { wait: false, timeoutMs: 5000 });
  assert.equal(timedOut, true);
});

test('settle() bears a source that is away for a moment, and looks with nothing else', async () => {
  const host = testHost(['web'], { latency: () => host.clock.sleep(1000, never) });
  const read = host.source.read.bind(host.source);
  host.source.read = async opts => {
    host.source.fault = host.source.reads === 1 ? missing() : undefined;
    return read(opts);
  };
  host.desired = desiredOf([desiredPod('web')]);
  const { timedOut, changes, failures } = await settleOn(host);
  assert.deepEqual([timedOut, changes.length, failures], [false, 1, []]);
  assert.ok(host.source.reads > 2);
  const told = host.events.flatMap(event => (event.type === 'planned' ? event.problems : []));
  assert.deepEqual(told, []);
});
