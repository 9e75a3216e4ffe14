import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key } from '../../src/model/key.ts';
import { noteEnds } from '../../src/reconcile/ends.ts';
import { desiredPod } from '../fakes/desired.ts';
import { settleOn, type TestHost, testHost } from './host.ts';

const key: Key = 'Pod/default/a';
const { signal } = new AbortController();

/** A pod that runs, with its record, and a look that notes what has ended in it. */
async function standing(): Promise<{ on: TestHost; look: (busy?: Key) => Promise<unknown> }> {
  const on = testHost();
  on.declare(desiredPod('a'));
  await settleOn(on);
  const look = async (busy?: Key): Promise<unknown> => {
    const actual = await on.engine.observe({ signal });
    const pods = new Map(
      [...actual.pods].map(([at, pod]) => [at, { ...pod, record: on.records.all.get(at) }] as const),
    );
    await noteEnds(on.ports, { ...actual, pods }, new Set(busy === undefined ? [] : [busy]), { signal });
    return on.records.all.get(key)?.containers.main?.last;
  };
  return { on, look };
}

test('noteEnds() notes each end once, with its reason, and nothing of what runs', async () => {
  const { on, look } = await standing();
  assert.equal(await look(), undefined);
  const main = on.engine.host.containerByName('a-main');
  assert.ok(main);
  await on.clock.advance(5000);
  on.engine.kill('a-main', 137);
  main.oomKilled = true;
  const { startedAtMs, exitedAtMs } = main;
  assert.deepEqual(await look(), { exitCode: 137, reason: 'OOMKilled', startedAtMs, exitedAtMs });
  on.records.writes.length = 0;
  await look();
  assert.deepEqual(on.records.writes, [], 'it is known already');
  on.engine.host.startContainer(main);
  main.oomKilled = false;
  assert.deepEqual(await look(), { exitCode: 137, reason: 'OOMKilled', startedAtMs, exitedAtMs }, 'kept while it runs');
  on.engine.kill('a-main', 0);
  assert.deepEqual(((await look()) as { reason: string }).reason, 'Completed');
});

test('noteEnds() lets no run end before it began, though the engine tells so', async () => {
  const { on, look } = await standing();
  const main = on.engine.host.containerByName('a-main');
  assert.ok(main);
  on.engine.kill('a-main', 1);
  main.exitedAtMs = main.startedAtMs - 1000;
  const { startedAtMs, exitedAtMs } = (await look()) as { startedAtMs: number; exitedAtMs: number };
  assert.equal(exitedAtMs, startedAtMs);
});

test('noteEnds() leaves pods alone that have steps under way, and bears engines and records that fail', async () => {
  const { on, look } = await standing();
  on.engine.kill('a-main', 3);
  assert.equal(await look(key), undefined);
  on.records.trouble = () => 'error';
  assert.equal(await look(), undefined);
  on.records.trouble = () => undefined;
  assert.equal(((await look()) as { reason: string }).reason, 'Error');
});
