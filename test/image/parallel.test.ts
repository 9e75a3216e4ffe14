import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inParallel } from '../../src/image/parallel.ts';

const signal = new AbortController().signal;

test('inParallel() throws the first failure, and waits for what is under way', async () => {
  const ended: string[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>(resolve => {
    release = resolve;
  });
  const work = async (item: string): Promise<void> => {
    if (item === 'slow') await held;
    else release();
    ended.push(item);
    throw new Error(item);
  };
  await assert.rejects(inParallel(['slow', 'quick'], { atOnce: 2, signal }, work), { message: 'quick' });
  assert.deepEqual(ended, ['quick', 'slow']);
});

test('inParallel() begins nothing more once something failed', async () => {
  const begun: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    if (item === 1) throw new Error('one');
  };
  await assert.rejects(inParallel([0, 1, 2, 3, 4, 5], { atOnce: 2, signal }, work), { message: 'one' });
  assert.ok(begun.length < 6);
});
