import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key } from '../../src/model/key.ts';
import type { ChangeOp } from '../../src/model/plan.ts';
import { Restless } from '../../src/reconcile/restless.ts';

const key: Key = 'Pod/default/web';

/** Whether the last of so many changes, so far apart in milliseconds, is one too many. */
function isTooMany(count: number, apartMs: number, op: ChangeOp | undefined, wish = (_at: number) => 'w'): boolean {
  const restless = new Restless();
  const found = Array.from({ length: count }, (_, at) => restless.note(key, wish(at), op, at * apartMs));
  assert.ok(found.slice(0, -1).every(each => each === undefined));
  return found.at(-1) !== undefined;
}

for (const op of ['create', 'recreate', 'replace', 'update', 'remove'] as const) {
  test(`Restless.note() bears seven of ${op} within a minute, and not the eighth`, () => {
    assert.equal(isTooMany(7, 1000, op), false);
    assert.equal(isTooMany(8, 1000, op), true);
  });
}

for (const op of ['start', 'restart', 'keep', 'wait', 'hold', undefined] as const) {
  test(`Restless.note() counts no ${op}`, () => assert.equal(isTooMany(20, 1000, op), false));
}

test('Restless.note() forgets what is a minute old, and begins anew with another wish', () => {
  const last = (atMs: number): boolean => {
    const restless = new Restless();
    const times = [0, 1, 2, 3, 4, 5, 6, atMs];
    return times.map(at => restless.note(key, 'w', 'replace', at)).at(-1) !== undefined;
  };
  assert.equal(last(59_999), true);
  assert.equal(last(60_000), false);
  assert.equal(isTooMany(30, 10_000, 'replace'), false);
  assert.equal(
    isTooMany(8, 1000, 'replace', at => (at < 4 ? 'one' : 'other')),
    false,
  );
});

test('Restless.note() says what happened and what to do', () => {
  const restless = new Restless();
  for (let at = 0; at < 7; at += 1) restless.note(key, 'w', 'replace', at);
  assert.deepEqual(restless.note(key, 'w', 'replace', 8), {
    code: 'RESTLESS',
    message: `Cannot bring ${key} to rest: it was changed 8 times within a minute and still differs`,
    hint: 'Look for another tool that changes it; if there is none, report what "podstead diff" shows',
    transient: false,
  });
});
