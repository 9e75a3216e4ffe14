import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHooked, startPodHooked, stopHooked } from '../../src/apply/hooked.ts';
import { type EffectPorts, perform } from '../../src/apply/perform.ts';
import type { EngineAction, PerformOptions } from '../../src/engine/engine.ts';
import type { DesiredHooks } from '../../src/model/probe.ts';
import type { Hooks } from '../../src/probe/ports.ts';
import { FakeClock } from '../fakes/clock.ts';
import { desiredContainer, desiredPod } from '../fakes/desired.ts';

/** Runs one action with hooks that take so long and end so, and tells what was done in which order. */
async function rig(run: Hooks['run'] | undefined): Promise<{
  readonly ports: EffectPorts;
  readonly done: string[];
  readonly opts: PerformOptions;
  readonly clock: FakeClock;
}> {
  const clock = new FakeClock();
  const done: string[] = [];
  const perform = async (action: EngineAction): Promise<void> => {
    done.push(action.verb === 'stopContainer' ? `stop within ${action.graceSeconds}` : action.verb);
  };
  const hooks: Hooks = {
    run: (handler, place, opts) => {
      done.push(`${handler.type} in ${place.container} within ${opts.timeoutMs}`);
      return run?.(handler, place, opts) ?? Promise.resolve(undefined);
    },
  };
  const ports = { engine: { perform }, hooks, clock, records: {}, random: () => 0 } as unknown as EffectPorts;
  const opts = {
    signal: new AbortController().signal,
    onProgress: ({ message }) => void done.push(message),
  } satisfies PerformOptions;
  return { ports, done, opts, clock };
}

const stop = (graceSeconds: number): Parameters<typeof stopHooked>[0] => ({
  verb: 'stopContainer',
  pod: 'Pod/default/a',
  name: 'main',
  id: 'id',
  graceSeconds,
  preStop: { type: 'exec', command: ['true'] },
});
const start = (hooks: DesiredHooks): Parameters<typeof startHooked>[0] => ({
  verb: 'startContainer',
  pod: { ...desiredPod('a'), gracePeriodSeconds: 9 },
  uid: 'u',
  container: desiredContainer('a-main', { hooks }),
});

for (const [took, graceSeconds, left] of [
  [0, 30, 30],
  [12_300, 30, 18],
  [29_000, 30, 2],
  [30_000, 30, 2],
] as const) {
  test(`a preStop hook of ${took} ms leaves ${left} of ${graceSeconds} s for the stop`, async () => {
    const { ports, done, opts, clock } = await rig(async () => {
      await clock.sleep(took, opts.signal);
      return undefined;
    });
    const stopping = stopHooked(stop(graceSeconds), ports, opts);
    await clock.advance(took);
    await stopping;
    assert.deepEqual(done, ['exec in id within 30000', `stop within ${left}`]);
  });
}

test('without grace no hook runs, and a hook that fails is told and stops nothing', async () => {
  const quick = await rig(undefined);
  await stopHooked(stop(0), quick.ports, quick.opts);
  assert.deepEqual(quick.done, ['stop within 0']);
  const broken = await rig(async () => 'exit code 1');
  await stopHooked(stop(5), broken.ports, broken.opts);
  assert.deepEqual(broken.done.slice(1), ["preStop hook of container 'main' failed: exit code 1", 'stop within 5']);
});

test('a postStart hook runs after the start; where it fails the container is stopped, and that is the failure', async () => {
  const postStart = { type: 'exec', command: ['true'] } as const;
  const good = await rig(undefined);
  await startHooked(start({ postStart }), good.ports, good.opts);
  assert.deepEqual(good.done, ['startContainer', 'exec in a-main within 600000']);
  const bad = await rig(async ({ type }) => (type === 'exec' ? 'exit code 3' : undefined));
  const both = start({ postStart, preStop: { type: 'sleep', seconds: 1 } });
  await assert.rejects(startHooked(both, bad.ports, bad.opts), {
    code: 'HOOK_FAILED',
    message: "Container 'main' was stopped: its postStart hook failed: exit code 3",
    hint: 'Correct lifecycle.postStart, or what it calls',
  });
  assert.deepEqual(bad.done, [
    'startContainer',
    'exec in a-main within 600000',
    'sleep in a-main within 9000',
    'stop within 9',
  ]);
});

test('one that goes on after a pause runs no hook', async () => {
  const { ports, done, opts } = await rig(undefined);
  await startHooked({ ...start({ postStart: { type: 'exec', command: ['true'] } }), resumes: true }, ports, opts);
  assert.deepEqual(done, ['startContainer']);
});

test('hooks of a pod that starts as it stands run after it; where one fails its container alone is stopped', async () => {
  const { ports, done, opts } = await rig(async (_handler, { container }) =>
    container === 'i1' ? 'exit code 3' : undefined,
  );
  const postStart = { type: 'exec', command: ['true'] } as const;
  const hooked = ['1', '2'].map(n => ({ name: `c${n}`, id: `i${n}`, hooks: { postStart }, graceSeconds: 5 }));
  const action = { verb: 'startPod', pod: 'Pod/default/a', id: 'p', containers: ['c1', 'c2'], hooked } as const;
  await assert.rejects(startPodHooked(action, ports, opts), { code: 'HOOK_FAILED', message: /^Container 'c1'/ });
  assert.deepEqual(done, ['startPod', 'exec in i1 within 600000', 'exec in i2 within 600000', 'stop within 5']);
});

test('a postStart hook that is cut short by our own end stops nothing', async () => {
  const leave = new AbortController();
  const { ports, done, opts } = await rig(async () => {
    leave.abort(new Error('podstead is stopping'));
    return 'cut short';
  });
  const action = start({ postStart: { type: 'exec', command: ['true'] } });
  await assert.rejects(startHooked(action, ports, { ...opts, signal: leave.signal }), /podstead is stopping/);
  assert.deepEqual(done, ['startContainer', 'exec in a-main within 600000']);
});

test('perform() runs the hooks of starts and stops, and none where a stop has none', async () => {
  const { ports, done, opts } = await rig(undefined);
  const handler = { type: 'exec', command: ['true'] } as const;
  const { preStop: _, ...plain } = stop(30);
  for (const action of [start({ postStart: handler }), stop(30), plain]) await perform(action, ports, opts);
  const hooked = ['startContainer', 'exec in a-main within 600000', 'exec in id within 30000', 'stop within 30'];
  assert.deepEqual(done, [...hooked, 'stop within 30']);
});

test('no hook runs where a container has none, or nobody is there to run it', async () => {
  const handler = { type: 'exec', command: ['true'] } as const;
  const { ports, done, opts } = await rig(undefined);
  await startHooked(start({}), ports, opts);
  const { hooks: _, ...alone } = ports;
  await startHooked(start({ postStart: handler }), alone, opts);
  await stopHooked(stop(30), alone, opts);
  assert.deepEqual(done, ['startContainer', 'startContainer', 'stop within 30']);
});
