import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf, isFailure } from '../../src/apply/failure.ts';
import { EngineError } from '../../src/engine/engine.ts';

const bug = { hint: 'This is a bug of Podstead; please report it with the log', transient: false };
const cases: readonly (readonly [string, unknown, object])[] = [
  [
    'a failure of the engine',
    new EngineError('TIMEOUT', 'late', { hint: 'wait', transient: true }),
    { code: 'TIMEOUT', message: 'late', hint: 'wait', transient: true },
  ],
  [
    'one of the system',
    Object.assign(new Error('full'), { code: 'ENOSPC' }),
    { code: 'ENOSPC', message: 'full', hint: undefined, transient: false },
  ],
  ['an error without a code', new TypeError('x is undefined'), { code: 'INTERNAL', message: 'x is undefined', ...bug }],
  [
    'one whose code is a number',
    Object.assign(new Error('odd'), { code: 20 }),
    { code: 'INTERNAL', message: 'odd', ...bug },
  ],
  ['what is no error', 'text', { code: 'INTERNAL', message: 'text', ...bug }],
];
for (const [what, error, want] of cases) {
  test(`failureOf() of ${what}`, () => assert.deepEqual(failureOf(error), want));
}

test('isFailure() is false for what only looks like one', () => {
  assert.equal(isFailure({ code: 'GONE', message: 'no Error' }), false);
  assert.equal(isFailure(undefined), false);
});
