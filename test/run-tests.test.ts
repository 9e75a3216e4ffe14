import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { failuresOf, totalsOf } from '../scripts/report.mjs';

const runner = resolve(import.meta.dirname, '../scripts/run-tests.mjs');

test('files of tests run in the order in which they are named, and a failure fails all', t => {
  const dir = mkdtempSync(join(tmpdir(), 'run-tests-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = (name: string, body: string): string => {
    const path = join(dir, `${name}.test.mjs`);
    const begun = `import { appendFileSync } from 'node:fs';\nappendFileSync('${dir}/order', '${name} ');\n`;
    writeFileSync(path, `import { test } from 'node:test';\n${begun}test('in ${name}', () => { ${body} });\n`);
    return path;
  };
  const names = ['c', 'a', 'b'];
  const good = names.map(name => file(name, ''));
  const report = join(dir, 'report.tap');
  // A run of tests within one is not begun where this is set.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = (...files: readonly string[]): number | null =>
    spawnSync(process.execPath, [runner, report, '1', '60000', ...files], { env }).status;
  assert.equal(run(...good), 0);
  assert.equal(readFileSync(join(dir, 'order'), 'utf8'), 'c a b ');
  assert.equal(totalsOf(readFileSync(report, 'utf8')).passed, 3);
  assert.equal(run(...good, file('bad', `throw new Error('broken')`)), 1);
  const text = readFileSync(report, 'utf8');
  const { passed, failed } = totalsOf(text);
  assert.deepEqual([passed, failed], [3, 1]);
  assert.deepEqual(failuresOf(text), ['in bad: broken']);
});
