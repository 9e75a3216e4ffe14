import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

const root = resolve(import.meta.dirname, '../..');

/** Types an answer to each prompt, in order, at a terminal (script(1)), and tells how it ended and what was shown. */
async function typed(
  args: string,
  answers: readonly (readonly [prompt: string, answer: string])[],
): Promise<readonly [code: unknown, said: string]> {
  const main = [process.execPath, '--import', 'tsx', join(root, 'src/cli/main.ts')].map(word => `'${word}'`).join(' ');
  const words = ['-qec', `${main} image login ${args}`, '/dev/null'];
  const child = spawn('script', words, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  const rest = [...answers];
  child.stdout.on('data', chunk => {
    said += chunk;
    // Moves of the cursor come with a prompt that is edited.
    const [prompt = '', answer = ''] = rest[0] ?? [];
    if (prompt === '' || !stripVTControlCharacters(said).endsWith(prompt)) return;
    rest.shift();
    child.stdin.write(answer);
  });
  const code = await new Promise(done => child.once('close', done));
  return [code, stripVTControlCharacters(said).replaceAll('\r', '')];
}

test('image login ends with 130 where somebody types Ctrl-C in place of a password', { timeout: 60_000 }, async () => {
  const [code, said] = await typed('-u ann registry.example', [['Password for registry.example: ', '\u0003']]);
  assert.deepEqual([code, said], [130, 'Password for registry.example: \n']);
});

test('image login asks for the user and then for the password, which is not shown', { timeout: 120_000 }, async t => {
  const users: string[] = [];
  const server = createServer((request, response) => {
    const given = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined) users.push(Buffer.from(given, 'base64').toString());
    response.writeHead(given === undefined ? 401 : 200, { 'www-authenticate': 'Basic realm="test"' }).end('{}');
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const dir = await mkdtemp(join(tmpdir(), 'pdl-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const args = `--tls-verify=false --authfile ${dir}/auth.json ${at}`;
  const [code, said] = await typed(args, [
    [`User for ${at}: `, 'ann\r'],
    [`Password for ${at}: `, 'pa55\r'],
  ]);
  const shown = `User for ${at}: ann\nPassword for ${at}: \nLogged in to ${at}; kept in ${dir}/auth.json\n`;
  assert.deepEqual([code, said], [0, shown]);
  const [pasted, told] = await typed(args, [[`User for ${at}: `, 'bob\rw0rd\r']]);
  assert.equal(pasted, 0, told);
  assert.doesNotMatch(told, /w0rd/);
  assert.deepEqual([...new Set(users)], ['ann:pa55', 'bob:w0rd']);
});

test('image login without a user and without a terminal says what is missing', async () => {
  const main = ['--import', 'tsx', join(root, 'src/cli/main.ts')];
  const child = spawn(process.execPath, [...main, 'image', 'login', 'registry.example'], { cwd: root });
  child.stdin.end('secret\n');
  let said = '';
  child.stderr.on('data', chunk => {
    said += chunk;
  });
  const code = await new Promise(done => child.once('close', done));
  assert.equal(code, 1);
  assert.match(said, /expected a user, and there is no terminal to ask at\n {2}Give it with --username USER/);
});
