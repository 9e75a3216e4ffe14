import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstAlone, oneByOneEach } from '../src/gate.ts';

test('oneByOneEach() lets tasks with one thing go one after the other, failed ones too, and those with others beside', async () => {
  const gate = oneByOneEach();
  const log: string[] = [];
  const task =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      log.push(`${name} begins`);
      await new Promise(resolve => setImmediate(resolve));
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const all = [gate.run('x', task('a', true)), gate.run('x', task('b')), gate.run('y', task('c'))];
  assert.deepEqual(
    (await Promise.allSettled(all)).map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  );
  assert.deepEqual(
    log.filter(line => !line.startsWith('c')),
    ['a begins', 'a ends', 'b begins', 'b ends'],
  );
  assert.ok(log.indexOf('c begins') < log.indexOf('a ends'));
  assert.equal(await gate.run('x', task('d')), 'd');
});

test('firstAlone() lets the first success go alone, and all others together after it', async () => {
  const gate = firstAlone();
  let running = 0;
  let most = 0;
  const task = (fail: boolean) => async () => {
    most = Math.max(most, ++running);
    await new Promise(resolve => setImmediate(resolve));
    running--;
    if (fail) throw new Error('failed');
  };
  const first = [gate.run(task(true)).catch(() => undefined), gate.run(task(false)), gate.run(task(false))];
  await Promise.all(first);
  assert.equal(most, 1);
  await Promise.all([gate.run(task(false)), gate.run(task(false)), gate.run(task(false))]);
  assert.equal(most, 3);
});
