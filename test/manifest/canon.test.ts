import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonical, digest, digestBytes } from '../../src/manifest/canon.ts';
import { check } from '../arbitraries/property.ts';

test('canonical() sorts keys, keeps lists in order and drops undefined', () => {
  assert.equal(canonical({ b: [2, 1], a: { d: undefined, c: null } }), '{"a":{"c":null},"b":[2,1]}');
});

test('canonical() gives one text whatever the order of keys', () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, reversed(member)]),
    );
  };
  check(fc.property(fc.jsonValue(), value => assert.equal(canonical(value), canonical(reversed(value)))));
});

test('canonical() loses nothing', () => {
  check(
    fc.property(fc.jsonValue(), value =>
      assert.deepEqual(JSON.parse(canonical(value)), JSON.parse(JSON.stringify(value))),
    ),
  );
});

test('digest() is 32 hex digits of SHA-256 over the canonical text', () => {
  assert.equal(digest({ b: 1, a: 2 }), digestBytes('{"a":2,"b":1}'));
  assert.equal(digestBytes(''), 'e3b0c44298fc1c149afbf4c8996fb924');
  assert.equal(digestBytes(new Uint8Array()), digestBytes(''));
});

test('canonical() is what JSON.stringify() makes of sorted keys, in which digests were taken', () => {
  const sorted = (_key: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    const copy: Record<string, unknown> = Object.create(null);
    for (const [key, member] of entries) copy[key] = member;
    return copy;
  };
  const keys = fc.oneof(fc.string(), fc.constantFrom('0', '7', '10', '9', '01', '4294967294', '4294967295', '-1'));
  const values = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 0 }),
      fc.constantFrom(undefined, new Date(0), { toJSON: () => 'sealed', reveal: () => 1 }),
      fc.array(tie('value')),
      fc.dictionary(keys, tie('value')),
    ),
  })).value;
  check(
    fc.property(values, value => assert.equal(canonical(value), JSON.stringify(value, sorted) ?? 'null')),
    { numRuns: 1000 },
  );
});
