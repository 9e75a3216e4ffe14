import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy, parseSize } from '../../src/cli/image-flags.ts';

const sizes: Readonly<Record<string, number>> = {
  '0': 0,
  '512': 512,
  '10G': 1e10,
  '1.5Gi': 1.5 * 2 ** 30,
  '2k': 2000,
  '1T': 1e12,
};
for (const [text, want] of Object.entries(sizes)) {
  test(`parseSize() reads ${text} as ${want} bytes`, () => assert.equal(parseSize(text), want));
}

for (const text of ['', 'G', '10 G', '-1', '10g', '1e3', '10GB']) {
  test(`parseSize() refuses "${text}"`, () => assert.throws(() => parseSize(text), /Expected a size/));
}

test('parsePolicy() reads an age, with a count and a size where they are given', () => {
  assert.deepEqual(parsePolicy('7d'), { keepAgeMs: 7 * 86_400_000, keep: 0, freeBytes: undefined });
  assert.deepEqual(parsePolicy('0s,free=10G,keep=3'), { keepAgeMs: 0, keep: 3, freeBytes: 1e10 });
});

for (const text of ['', 'keep=3', '7d,3', '7d,keep=', '7d,keep=1,keep=2', '7d,free=x', '7d,other=1', '7d keep=3']) {
  test(`parsePolicy() refuses "${text}"`, () => assert.throws(() => parsePolicy(text), /Expected/));
}
