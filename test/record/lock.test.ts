import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { holdPlace } from '../../src/record/lock.ts';

const info = { pid: 12, sinceMs: 34, source: '/srv/pods' };

for (const length of [1, 300]) {
  test(`holdPlace gives a place with a name of ${length} parts to one, and tells the second who has it`, async () => {
    const name = randomUUID().repeat(length);
    const first = await holdPlace(name, info);
    assert.ok(first.held);
    assert.deepEqual(await holdPlace(name, { ...info, pid: 99 }), { held: false, by: info });
    await first.release();
    const third = await holdPlace(name, info);
    assert.ok(third.held);
    await third.release();
  });
}

test('holdPlace keeps places of other names apart', async () => {
  const places = await Promise.all([holdPlace(randomUUID(), info), holdPlace(randomUUID(), info)]);
  assert.deepEqual(
    places.map(place => place.held),
    [true, true],
  );
  for (const place of places) if (place.held) await place.release();
});

test('holdPlace finds the place free when its holder was killed', async t => {
  const name = randomUUID();
  const script = `
    import { holdPlace } from ${JSON.stringify(join(import.meta.dirname, '../../src/record/lock.ts'))};
    holdPlace(${JSON.stringify(name)}, { pid: process.pid, sinceMs: 1, source: 'child' }).then(() => console.log('held'));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.deepEqual(await holdPlace(name, info), { held: false, by: { pid: child.pid, sinceMs: 1, source: 'child' } });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const place = await holdPlace(name, info);
  assert.ok(place.held);
  await place.release();
});
