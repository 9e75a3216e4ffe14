import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Context } from '../../src/podman/context.ts';
import { execOnce } from '../../src/podman/exec-once.ts';
import { openHttp } from '../../src/podman/http.ts';
import { endSession } from '../../src/podman/processes.ts';

/** One frame of standard output. */
function frame(text: string): Buffer {
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(text.length, 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** As the engine makes them: one that containers of other tests may have for a name would find their monitors. */
const newId = (): string => randomBytes(32).toString('hex');

/** An engine whose command writes, and ends when `run` says so; what it says of the command is `session`. */
async function engine(
  t: TestContext,
  run: (socket: Socket) => void,
  session: object | (() => object | undefined),
  id = newId(),
): Promise<Context> {
  const dir = mkdtempSync(join(tmpdir(), 'pdx-'));
  const server = createServer((request, response) => {
    const answer = request.method === 'POST' ? { Id: id } : typeof session === 'function' ? session() : session;
    if (answer === undefined) request.socket.destroy();
    else response.end(JSON.stringify(answer));
  });
  server.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nconnection: Upgrade\r\nupgrade: tcp\r\n\r\n');
    run(socket);
  });
  const path = join(dir, 's');
  await new Promise<void>(resolve => server.listen(path, resolve));
  const http = openHttp(path);
  t.after(async () => {
    await http.close();
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  });
  return { http } as unknown as Context;
}

test('execOnce() gives the exit code and the beginning of the output, and leaves nothing on the signal', async t => {
  const context = await engine(t, socket => void socket.end(frame('x'.repeat(20_000))), {
    Running: false,
    ExitCode: 3,
  });
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round++) {
    const { exitCode, output } = await execOnce(context, 'c', { command: ['a'], timeoutMs: 60_000, signal });
    assert.deepEqual([exitCode, output.length], [3, 10_240]);
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('execOnce() takes the word of the engine that a command had ended when its time was over', async t => {
  const late = (socket: Socket): void => void setTimeout(() => socket.end(), 200);
  const context = await engine(t, late, { Running: false, ExitCode: 0 });
  const { signal } = new AbortController();
  assert.equal((await execOnce(context, 'c', { command: ['a'], timeoutMs: 20, signal })).exitCode, 0);
});

test('execOnce() does not hold against a command what the engine takes to start it', async t => {
  const states = [
    { Running: true, Pid: 0 },
    { Running: true, Pid: 0 },
    { Running: false, ExitCode: 0 },
  ];
  let looks = 0;
  const late = (socket: Socket): void => {
    const timer = setInterval(() => {
      if (looks >= 2) socket.end();
    }, 10);
    socket.on('close', () => clearInterval(timer));
  };
  const context = await engine(t, late, () => states[Math.min(looks++, 2)] ?? {});
  const { signal } = new AbortController();
  assert.equal((await execOnce(context, 'c', { command: ['a'], timeoutMs: 20, signal })).exitCode, 0);
});

test('execOnce() ends a command once it has run for its time as the kernel counts it', async t => {
  const child = spawn('sleep', ['1000'], { detached: true });
  t.after(() => child.kill('SIGKILL'));
  const gone = new Promise(resolve => child.once('exit', (_code, by) => resolve(by)));
  const hung = (socket: Socket): void => void gone.then(() => socket.end());
  // What proves it is an id in the command line of its parent: here the one of this test.
  const mark = basename(process.argv[1] ?? '');
  const context = await engine(t, hung, { Running: true, Pid: child.pid, ContainerID: mark });
  const { signal } = new AbortController();
  const beganMs = performance.now();
  assert.equal((await execOnce(context, 'c', { command: ['a'], timeoutMs: 1500, signal })).exitCode, undefined);
  assert.equal(await gone, 'SIGKILL');
  assert.ok(performance.now() - beganMs >= 1400, 'not before its time');
});

test('execOnce() ends a command whose engine tells nothing any more, by its monitor', async t => {
  const id = newId();
  const monitor = spawn('sh', ['-c', 'sleep 1000 & wait', 'sh', '-u', id], { argv0: 'conmon' });
  t.after(() => monitor.kill('SIGKILL'));
  const gone = new Promise(resolve => monitor.once('exit', code => resolve(code)));
  const context = await engine(
    t,
    () => {},
    () => undefined,
    id,
  );
  const { signal } = new AbortController();
  await assert.rejects(execOnce(context, 'c', { command: ['a'], timeoutMs: 200, signal }), {
    code: 'ENGINE_UNREACHABLE',
  });
  assert.equal(await gone, 0);
});

test('execOnce() ends a command as soon as its engine answers again', async t => {
  const child = spawn('sleep', ['1000'], { detached: true });
  t.after(() => child.kill('SIGKILL'));
  const gone = new Promise(resolve => child.once('exit', (_code, by) => resolve(by)));
  let isAway = true;
  const state = { Running: true, Pid: child.pid, ContainerID: basename(process.argv[1] ?? '') };
  const context = await engine(
    t,
    socket => void setTimeout(() => socket.destroy(), 20),
    () => (isAway ? undefined : state),
  );
  const { signal } = new AbortController();
  await assert.rejects(execOnce(context, 'c', { command: ['a'], timeoutMs: 60_000, signal }));
  isAway = false;
  assert.equal(await gone, 'SIGKILL');
});

test('nothing is killed that is not proven to be the command', () => {
  const child = spawn('sleep', ['1000'], { detached: true });
  assert.equal(endSession(child.pid ?? 0, ['another', '']), false);
  assert.equal(child.kill(0), true);
  assert.equal(endSession(child.pid ?? 0, [basename(process.argv[1] ?? '')]), true);
});
