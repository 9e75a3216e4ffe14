import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonical } from '../../src/manifest/canon.ts';
import type { Json } from '../../src/model/desired.ts';
import { fieldChanges, sameJson } from '../../src/plan/fields.ts';
import { check } from '../arbitraries/property.ts';
import { desiredPod } from '../fakes/desired.ts';

const values = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

test('sameJson() holds for values of one canonical form and for no others, at the first look and at the second', () => {
  check(
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
  [{}, { toString: null }],
  [{ toString: null }, {}],
] satisfies readonly (readonly [Json, Json])[]) {
  test(`sameJson() tells ${JSON.stringify(one)} from ${JSON.stringify(other)}`, () => {
    assert.equal(sameJson(one, other), false);
  });
}

test('sameJson() takes an undefined member for an absent one', () => {
  assert.equal(sameJson({ a: 1, b: undefined } as unknown as Json, { a: 1 }), true);
  assert.equal(sameJson({ a: 1 }, { a: 1, b: undefined } as unknown as Json), true);
});

test('sameJson() reads nothing of two objects a second time that it found to be the same', () => {
  let reads = 0;
  const counted = (): Json =>
    Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        reads += 1;
        return 1;
      },
    }) as Json;
  const [one, other] = [counted(), counted()];
  assert.equal(sameJson(one, other), true);
  const first = reads;
  assert.equal(sameJson(one, other), true);
  assert.ok(first > 0 && reads === first, `${reads - first} more reads`);
});

test('fieldChanges() gives the path, place and values of each field that differs, sorted, and long values cut', () => {
  const places: string[] = [];
  const canonical = {
    sandbox: { 'sysctls/a~b': 'new', hosts: ['x'], 'a.b': true },
    containers: {},
    inPlace: { long: 'y'.repeat(100), fits: 'y'.repeat(78) },
  };
  const locate = (pointer: string) => {
    places.push(pointer);
    return { file: 'web.yaml', line: places.length, column: 1 };
  };
  const pod = desiredPod('web', { canonical, locate });
  const applied = { inPlace: {}, containers: {}, sandbox: { 'sysctls/a~b': 'old', hosts: [] } };
  assert.deepEqual(
    fieldChanges(pod, applied).map(({ path, applied, desired, live }) => [path, applied, desired, live]),
    [
      ['inPlace.fits', undefined, `"${'y'.repeat(78)}"`, undefined],
      ['inPlace.long', undefined, `"${'y'.repeat(78)}…`, undefined],
      ['sandbox[a.b]', undefined, 'true', undefined],
      ['sandbox.hosts.0', undefined, '"x"', undefined],
      ['sandbox[sysctls/a~b]', '"old"', '"new"', undefined],
    ],
  );
  const pointers = ['/inPlace/fits', '/inPlace/long', '/sandbox/a.b', '/sandbox/hosts/0', '/sandbox/sysctls~1a~0b'];
  assert.deepEqual(places, pointers);
});
