import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';

const dist = resolve(import.meta.dirname, '../../dist');

/** What V8 says of a code cache in a process that nobody has changed the flags of, as that of a command. */
const check = `
  const { readFileSync } = require('node:fs');
  const [filename, cache] = process.argv.slice(1);
  const script = new (require('node:vm').Script)(readFileSync(filename, 'latin1'), { filename, cachedData: readFileSync(cache) });
  process.stdout.write(script.cachedDataRejected ? 'refused' : 'taken');
`;

test('V8 takes the code cache that is shipped', () => {
  const words = ['--eval', check, `${dist}/main.cjs`, `${dist}/main.cache`];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(stdout, 'taken', stderr);
});
