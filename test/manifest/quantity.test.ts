import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantityMilli, quantityUnits } from '../../src/manifest/quantity.ts';

const cases: readonly (readonly [string | number, number | undefined])[] = [
  ['1', 1000],
  [1, 1000],
  ['250m', 250],
  ['0.5', 500],
  ['.5', 500],
  ['1.', 1000],
  ['1e3', 1_000_000],
  ['1E3', 1_000_000],
  ['2k', 2_000_000],
  ['64Mi', 67_108_864_000],
  ['1.5Gi', 1_610_612_736_000],
  ['100u', 1],
  ['1n', 1],
  ['-1', -1000],
  ['1 Mi', undefined],
  ['Mi', undefined],
  ['1mi', undefined],
  ['', undefined],
];

for (const [given, want] of cases) {
  test(`quantityMilli() reads '${given}' as ${want}`, () => assert.equal(quantityMilli(given), want));
}

test('quantityUnits() rounds up to whole units', () => assert.equal(quantityUnits('1500m'), 2));
