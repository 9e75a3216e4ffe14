import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonical } from '../../src/manifest/canon.ts';
import type { Json } from '../../src/model/desired.ts';
import { sameJson } from '../../src/plan/fields.ts';

const values = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

test('sameJson() holds for values of one canonical form and for no others, at the first look and at the second', () => {
  fc.assert(
    fc.property(values, values, (one, other) => {
      const expected = canonical(one) === canonical(other);
      for (const _ of ['first', 'second']) assert.equal(sameJson(one, other), expected);
      for (const _ of ['first', 'second']) assert.equal(sameJson(one, JSON.parse(canonical(one))), true);
    }),
    { numRuns: 1000 },
  );
});

for (const [one, other] of [
  [{ a: 1 }, { a: 1, b: null }],
  [{ a: 1, b: null }, { a: 1 }],
  [{ a: [1] }, { a: [1, 2] }],
  [{ a: [1, 2] }, { a: [1] }],
  [{ a: [] }, { a: {} }],
  [{ a: null }, { a: {} }],
] satisfies readonly (readonly [Json, Json])[]) {
  test(`sameJson() tells ${JSON.stringify(one)} from ${JSON.stringify(other)}`, () => {
    assert.equal(sameJson(one, other), false);
  });
}

test('sameJson() takes an undefined member for an absent one', () => {
  assert.equal(sameJson({ a: 1, b: undefined } as unknown as Json, { a: 1 }), true);
  assert.equal(sameJson({ a: 1 }, { a: 1, b: undefined } as unknown as Json), true);
});
