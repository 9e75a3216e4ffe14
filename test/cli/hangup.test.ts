import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const program = resolve(import.meta.dirname, '../../src/cli/main.ts');

test('a hangup while the agent still looks for its engine does not end it', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'pdu-'));
  const socket = join(dir, 'engine.sock');
  const child = spawn(process.execPath, ['--import', 'tsx', program, 'run', dir, '--engine', `unix://${socket}`], {
    env: { ...process.env, STATE_DIRECTORY: join(dir, 'state'), RUNTIME_DIRECTORY: join(dir, 'run') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // The engine says nothing before the signal has arrived, and then hangs up.
  const server = createServer(connection => {
    child.kill('SIGHUP');
    setImmediate(() => connection.destroy());
  });
  t.after(async () => {
    child.kill('SIGKILL');
    server.close();
    await rm(dir, { recursive: true });
  });
  await new Promise<void>(done => server.listen(socket, done));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.deepEqual([code, signal], [1, null], said);
  assert.match(said, /no engine answers/);
});
