import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonical, digest, digestBytes } from '../../src/manifest/canon.ts';

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
  fc.assert(fc.property(fc.jsonValue(), value => assert.equal(canonical(value), canonical(reversed(value)))));
});

test('canonical() loses nothing', () => {
  fc.assert(
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
