import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overtakenSteps, type Standing } from '../../src/apply/cancel.ts';
import type { StepState } from '../../src/apply/verdict.ts';
import type { Key } from '../../src/model/key.ts';
import type { Step } from '../../src/model/plan.ts';
import { step } from '../fakes/plans.ts';

const web: Key = 'Pod/default/web';
const db: Key = 'Pod/default/db';

/** The steps of `web` that another wish makes pointless. */
function overtaken(...all: readonly (readonly [Step, StepState])[]): readonly number[] {
  const standing = all.map(([each, state]): [number, Standing] => [each.id, { step: each, state }]);
  return overtakenSteps(new Map(standing), web);
}

const stop = step(1, web, 'stopContainer');
const create = step(2, web, 'createContainer', [1]);
const start = step(3, web, 'startContainer', [2]);

test('overtakenSteps() gives what has not begun, and running pulls, of that key alone', () => {
  assert.deepEqual(
    overtaken(
      [step(1, web, 'pull'), 'running'],
      [step(2, web, 'build'), 'done'],
      [step(3, web, 'pull'), 'failed'],
      [step(4, web, 'createPod'), 'running'],
      [step(5, web, 'createContainer', [4]), 'pending'],
      [step(6, db, 'createPod'), 'pending'],
      [step(7, db, 'pull'), 'running'],
    ),
    [1, 5],
  );
});

const begun: readonly (readonly [StepState, readonly number[]])[] = [
  ['pending', [1, 2, 3]],
  ['skipped', [2, 3]],
  ['running', []],
  ['done', []],
  ['failed', []],
];
for (const [state, want] of begun) {
  test(`overtakenSteps() gives ${want.length === 0 ? 'nothing' : want} where a stop is ${state} before a start`, () => {
    assert.deepEqual(overtaken([stop, state], [create, 'pending'], [start, 'pending']), want);
  });
}

test('overtakenSteps() takes a removal for the beginning of an outage, and a creation for none', () => {
  assert.deepEqual(
    overtaken([step(1, web, 'removePod'), 'done'], [step(2, web, 'startContainer', [1]), 'pending']),
    [],
  );
  assert.deepEqual(
    overtaken([step(1, web, 'createPod'), 'done'], [step(2, web, 'startContainer', [1]), 'pending']),
    [2],
  );
});

test('overtakenSteps() gives what follows a start that is done already, and nothing that follows one to come', () => {
  const record = step(4, web, 'writeRecord', [3]);
  assert.deepEqual(overtaken([stop, 'done'], [create, 'done'], [start, 'done'], [record, 'pending']), [4]);
  assert.deepEqual(overtaken([stop, 'done'], [create, 'done'], [start, 'pending'], [record, 'pending']), []);
});

test('overtakenSteps() leaves the outage of another key to that key, and ends it for its sake', () => {
  const theirs = step(1, db, 'stopPod');
  const ours = step(2, web, 'startContainer', [1]);
  assert.deepEqual(overtaken([theirs, 'done'], [ours, 'pending']), []);
  assert.deepEqual(overtaken([theirs, 'pending'], [ours, 'pending']), [2]);
});

test('overtakenSteps() never gives a way back', () => {
  assert.deepEqual(overtaken([start, 'pending'], [step(4, web, 'startPod', [3], 'failed'), 'pending']), [3]);
});
