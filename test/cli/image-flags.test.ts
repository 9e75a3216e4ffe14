import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSize } from '../../src/cli/image-flags.ts';

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
