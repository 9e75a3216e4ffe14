import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCount, parseDuration, parseInterval, parseSince } from '../../src/cli/duration.ts';

const cases: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['30', 30_000],
  ['500ms', 500],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
];
for (const [text, want] of cases) {
  test(`parseDuration() reads ${text} as ${want} ms`, () => assert.equal(parseDuration(text), want));
}

for (const text of ['', 'x', '5x', '-1s', '5m!', 'm']) {
  test(`parseDuration() refuses "${text}"`, () => assert.throws(() => parseDuration(text), /Expected a duration/));
}

test('parseSince() reads dates, parseCount() only whole numbers', () => {
  assert.equal(parseSince('2026-01-02T03:04:05Z'), Date.UTC(2026, 0, 2, 3, 4, 5));
  assert.equal(parseCount('10'), 10);
  assert.throws(() => parseCount('-1'), /Expected a number/);
});

test('parseInterval() takes 0 and a minute or more: what is due again at once never ends', () => {
  assert.deepEqual(['0', '1m', '1d'].map(parseInterval), [0, 60_000, 86_400_000]);
  for (const text of ['1ms', '59s']) assert.throws(() => parseInterval(text), /1m or more/);
});
