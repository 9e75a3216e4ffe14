import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stopInOrder } from '../../src/apply/ordered.ts';
import type { EffectPorts } from '../../src/apply/perform.ts';
import type { EngineAction, PerformOptions } from '../../src/engine/engine.ts';
import type { ActionOf } from '../../src/model/plan.ts';
import type { Hooks } from '../../src/probe/ports.ts';
import { FakeClock } from '../fakes/clock.ts';

const preStop = { type: 'exec', command: ['true'] } as const;
/** Two main containers, and two sidecars of which the first has a hook. */
const action = (graceSeconds: number): ActionOf<'stopInOrder'> => ({
  verb: 'stopInOrder',
  pod: 'Pod/default/a',
  graceSeconds,
  turns: [
    [
      { name: 'main', id: 'main' },
      { name: 'more', id: 'more' },
    ],
    [{ name: 'late', id: 'late' }],
    [{ name: 'proxy', id: 'proxy', preStop }],
  ],
});

/** Stops where main takes 7 s, the others no time, and hooks so long; tells what began when, in seconds. */
async function told(graceSeconds: number, hookMs: number, fails = ''): Promise<readonly string[]> {
  const clock = new FakeClock();
  const done: string[] = [];
  const beganMs = clock.now();
  const note = (what: string): void => {
    done.push(`${(clock.now() - beganMs) / 1000} ${what}`);
  };
  const { signal } = new AbortController();
  const perform = async (effect: EngineAction): Promise<void> => {
    assert.ok(effect.verb === 'stopContainer');
    note(`${effect.name} within ${effect.graceSeconds}`);
    if (effect.name === 'main') await clock.sleep(7000, signal);
    if (effect.name === fails) throw new Error(`no ${fails}`);
  };
  const hooks: Hooks = {
    run: async (_, { container }) => {
      note(`hook of ${container}`);
      await clock.sleep(hookMs, signal);
      return undefined;
    },
  };
  const ports = { engine: { perform }, hooks, clock } as unknown as EffectPorts;
  const opts: PerformOptions = { signal, onProgress: ({ message }) => note(message) };
  const stopping = stopInOrder(action(graceSeconds), ports, opts).catch(error => note(String(error)));
  await clock.advance(60_000);
  await stopping;
  return done;
}

test('main containers stop together, sidecars after them one by one, all within one grace period', async () => {
  assert.deepEqual(await told(10, 1000), [
    '0 hook of proxy',
    '0 main within 10',
    '0 more within 10',
    '7 late within 3',
    '7 proxy within 3',
  ]);
});

test('a hook of a sidecar begins at once and is waited for; what is left of the grace period is never below 2 s', async () => {
  assert.deepEqual((await told(10, 9000)).slice(3), ['7 late within 3', '9 proxy within 2']);
});

test('without grace nothing is waited for', async () => {
  assert.deepEqual((await told(0, 9000)).slice(0, 2), ['0 main within 0', '0 more within 0']);
});

test('where one cannot be stopped, those after it are not', async () => {
  assert.deepEqual((await told(10, 0, 'more')).slice(-2), ['0 more within 10', '7 Error: no more']);
});
