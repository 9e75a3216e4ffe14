import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { resolvePlain } from '../../src/manifest/scalar.ts';
import { check } from '../arbitraries/property.ts';

/** As goyaml.v2 reads them, which is what kubectl does. */
const cases: readonly (readonly [string, unknown])[] = [
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'on', 'On', 'ON'].map(text => [text, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'FALSE', 'off', 'Off'].map(text => [text, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map(text => [text, null] as const),
  ['yEs', 'yEs'],
  ['none', 'none'],
  ['0644', 420],
  ['0o644', 420],
  ['08', 8],
  ['0x1F', 31],
  ['0b101', 5],
  ['-0644', -420],
  ['+12', 12],
  ['1_000', 1000],
  ['_1', '_1'],
  ['1:30', '1:30'],
  ['1e3', 1000],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['1.', 1],
  ['.', '.'],
  ['-', '-'],
  ['-0', 0],
  ['1.2.3', '1.2.3'],
  ['500m', '500m'],
  ['2024-01-01', '2024-01-01'],
  ['0x', '0x'],
  ['1e', '1e'],
  ['.inf', Number.POSITIVE_INFINITY],
  ['-.Inf', Number.NEGATIVE_INFINITY],
  ['web', 'web'],
];

for (const [text, want] of cases) {
  test(`resolvePlain() reads ${JSON.stringify(text)} as ${JSON.stringify(want) ?? String(want)}`, () => {
    assert.equal(resolvePlain(text), want);
  });
}

test('resolvePlain() agrees with YAML 1.1 of another parser where goyaml does', () => {
  const plain = fc.oneof(
    fc.integer().map(String),
    fc.integer({ min: 0, max: 0o7777 }).map(n => `0${n.toString(8)}`),
    fc.integer({ min: 0 }).map(n => `0x${n.toString(16)}`),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map(n => n.toFixed(3)),
    fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,8}$/),
  );
  check(
    fc.property(plain, text => {
      assert.equal(Object.is(resolvePlain(text), -0), false);
      assert.equal(resolvePlain(text), parse(text, { version: '1.1' }) || resolvePlain(text));
    }),
  );
});
