import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linePrefixer } from '../../src/cli/prefix.ts';

test('linePrefixer() puts the prefix before each line once, also of lines that come in pieces', () => {
  const prefix = linePrefixer('[a] ');
  const pieces = ['one\ntwo', ' more\n', '', 'three\n\n'].map(text => prefix(Buffer.from(text)));
  assert.equal(pieces.join(''), '[a] one\n[a] two more\n[a] three\n[a] \n');
});

test('linePrefixer() puts characters together that come in two pieces', () => {
  const bytes = Buffer.from('ä\n');
  const prefix = linePrefixer('- ');
  assert.equal(prefix(bytes.subarray(0, 1)) + prefix(bytes.subarray(1)), '- ä\n');
});
