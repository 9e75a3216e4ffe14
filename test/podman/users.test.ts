import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highestFree, parseRanges } from '../../src/podman/users.ts';

test('parseRanges() reads the ranges of containers that hold a pod', () => {
  const text = 'someone:100000:65536\ncontainers:200000:131072\ncontainers:5:100\ncontainers:x:65536\n\n';
  assert.deepEqual(parseRanges(text), [{ first: 200_000, count: 131_072 }]);
});

const ranges = [
  { first: 100, count: 65_536 },
  { first: 200_000, count: 150_000 },
];
const cases: readonly (readonly [string, readonly number[], number | undefined])[] = [
  ['is the highest whole part', [], 265_536],
  ['is the next where that is taken', [265_536], 200_000],
  ['goes on in the next range', [265_536, 200_000], 100],
  ['is none where all are taken', [265_536, 200_000, 100], undefined],
];
for (const [name, taken, want] of cases)
  test(`highestFree() ${name}`, () => assert.equal(highestFree(ranges, new Set(taken)), want));
