import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults } from './faults.ts';
import { plant } from './listed.ts';
import { root } from './workshop.ts';

test('each fault that is listed has an id of its own, and its text stands exactly once in its file', () => {
  assert.ok(faults.length >= 20);
  assert.equal(new Set(faults.map(({ id }) => id)).size, faults.length);
  const lost = faults.flatMap(fault => {
    try {
      return plant(root, fault) === '' ? [fault.id] : [];
    } catch (error) {
      return [String(error)];
    }
  });
  assert.deepEqual(lost, []);
});
