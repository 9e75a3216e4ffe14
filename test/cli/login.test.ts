import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');

test('image login ends with 130 where somebody types Ctrl-C in place of a password', { timeout: 60_000 }, async () => {
  const main = [process.execPath, '--import', 'tsx', join(root, 'src/cli/main.ts')].map(word => `'${word}'`).join(' ');
  // Gives it a terminal (script(1)), and exits as it does.
  const words = ['-qec', `${main} image login -u ann registry.example`, '/dev/null'];
  const child = spawn('script', words, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', chunk => {
    said += chunk;
    if (said.endsWith('Password for registry.example: ')) child.stdin.write('\u0003');
  });
  const code = await new Promise(done => child.once('close', done));
  assert.deepEqual([code, said], [130, 'Password for registry.example: \r\n']);
});
