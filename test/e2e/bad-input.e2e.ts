import assert from 'node:assert/strict';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, type Host, host, listed, writeFiles } from './podstead.ts';

const pod = (name: string, more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: localhost/bb:1
      command: [sleep, '10000']
${more}`;

/** What a user may leave in the directory, and what the message must tell. */
const inputs: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  ['truncated YAML', { 'x.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: x' }, /x\.yaml:3:\d+: error YAML_SYNTAX/],
  ['a tab', { 'x.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n' }, /x\.yaml:4:\d+: error YAML_SYNTAX/],
  ['a duplicate key', { 'x.yaml': `${pod('x')}\nkind: Pod\n` }, /x\.yaml:\d+:\d+: error YAML_DUPLICATE_KEY/],
  ['an alias bomb', { 'x.yaml': bomb() }, /x\.yaml:\d+:\d+: error YAML_TOO_COMPLEX/],
  ['a binary file', { 'x.yaml': 'kind: Pod\0\u0001\u0002' }, /x\.yaml:\d+:\d+: error FILE_NOT_TEXT/],
  ['two objects of one key', { 'x.yaml': pod('x'), 'z.yaml': pod('x') }, /DUPLICATE_OBJECT.*Pod\/default\/x/],
  ['an unknown kind', { 'x.yaml': 'apiVersion: v1\nkind: Pud\nmetadata: {name: x}\n' }, /KIND_UNKNOWN[\s\S]*Pod/],
  ['an unknown field', { 'x.yaml': pod('x', '      imagePulPolicy: Always\n') }, /FIELD_UNKNOWN[\s\S]*imagePullPolicy/],
  ['a wrong type', { 'x.yaml': pod('x', '      tty: "yes"\n') }, /x\.yaml:\d+:\d+: error FIELD_TYPE/],
  ['a name too long', { 'x.yaml': pod('x'.repeat(254)) }, /x\.yaml:\d+:\d+: error FIELD_VALUE/],
  [
    'a reference to nothing',
    { 'x.yaml': pod('x', '      envFrom: [{ configMapRef: { name: none } }]\n') },
    /REFERENCE_UNSUPPORTED[\s\S]*ConfigMap\/default\/none/,
  ],
  [
    'a variable from a file, which is not read here',
    {
      'x.yaml': pod('x', '      env: [{ name: A, valueFrom: { fileKeyRef: { volumeName: v, path: p, key: k } } }]\n'),
    },
    /FIELD_UNSUPPORTED[\s\S]*fileKeyRef/,
  ],
  [
    'a port that two objects want',
    {
      'x.yaml': pod('x', '      ports: [{ containerPort: 1, hostPort: 18081 }]\n'),
      'z.yaml': pod('z', '      ports: [{ containerPort: 1, hostPort: 18081 }]\n'),
    },
    /PORT_CLASH[\s\S]*18081/,
  ],
];

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level++)
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  return lines.join('\n');
}

describe('bad input gets a clear error and loses nothing', () => {
  const cleaning = cleanUps();
  let on: Host;
  let started: string;
  before(async () => {
    on = await host(cleaning);
    await on.write({ 'good.yaml': `${pod('good')}---${pod('other')}` });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    started = await fingerprint();
  });

  /** Ids and start times of what ran from the beginning. */
  async function fingerprint(): Promise<string> {
    const all = await listed(on.engine, true);
    return JSON.stringify(
      ['infra:good', 'good-main', 'infra:other', 'other-main'].map(name => [
        all.get(name)?.Id,
        all.get(name)?.StartedAt,
        all.get(name)?.State,
      ]),
    );
  }

  async function refused(message: RegExp): Promise<void> {
    const { code, stderr } = await on.podstead('apply', on.source, '--prune');
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
    assert.equal(await fingerprint(), started, 'what ran goes on');
  }

  for (const [name, files, message] of inputs) {
    test(`${name}`, async () => {
      await on.write(files);
      await refused(message);
      const validated = await on.podstead('validate', on.source);
      assert.equal(validated.code, 1);
      for (const file of Object.keys(files)) await rm(join(on.source, file));
    });
  }

  test('a file of 100 MB', async () => {
    await writeFile(join(on.source, 'x.yaml'), 'kind: Pod\n');
    await truncate(join(on.source, 'x.yaml'), 100 * 2 ** 20);
    await refused(/x\.yaml:1:1: error FILE_TOO_LARGE/);
    await rm(join(on.source, 'x.yaml'));
  });

  test('a file that is none', async () => {
    await mkdir(join(on.source, 'x.yaml'));
    await rm(join(on.source, 'x.yaml'), { recursive: true });
    await symlink('/nowhere/at/all', join(on.source, 'x.yaml'));
    await refused(/x\.yaml:1:1: error FILE_UNREADABLE/);
    await rm(join(on.source, 'x.yaml'));
  });

  test('a loop of links', async () => {
    await symlink('.', join(on.source, 'loop'));
    await refused(/loop.*error LINK_LOOP/);
    await rm(join(on.source, 'loop'));
  });

  test('a port that another process has', async t => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise(done => server.once('listening', done));
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await on.write({
      'x.yaml': pod('x', `      ports: [{ containerPort: 1, hostPort: ${port}, hostIP: 127.0.0.1 }]\n`),
    });
    await refused(new RegExp(`PORT_TAKEN|port ${port}`));
    await rm(join(on.source, 'x.yaml'));
    assert.equal((await on.podstead('apply', on.source, '--prune')).code, 0);
  });

  test('a subPath that leads out of its volume', async () => {
    const outside = join(on.source, '..', 'volume');
    await writeFiles(outside, { 'inside/file': 'x' });
    await symlink('/etc', join(outside, 'escape'));
    const volume = (subPath: string): string =>
      pod(
        'x',
        `      volumeMounts: [{ name: v, mountPath: /v, subPath: ${subPath} }]\n  volumes: [{ name: v, hostPath: { path: ${outside} } }]\n`,
      );
    await on.write({ 'x.yaml': volume('escape') });
    await refused(/PATH_UNSAFE|escape/);
    await on.write({ 'x.yaml': volume('../escape') });
    await refused(/x\.yaml:\d+:\d+: error FIELD_VALUE/);
    await rm(join(on.source, 'x.yaml'));
    assert.equal((await on.podstead('apply', on.source, '--prune')).code, 0);
  });

  test('a name that somebody else has', async () => {
    await on.engine.podman('run', '-d', '--name', 'x', 'localhost/bb:1', 'sleep', '10000');
    await on.write({ 'x.yaml': pod('x') });
    await refused(/name 'x' is taken by/);
    await rm(join(on.source, 'x.yaml'));
  });

  test('an engine that does not answer', async () => {
    await on.engine.stopService();
    const { code, stderr } = await on.podstead('apply', on.source);
    await on.engine.startService();
    assert.equal(code, 1);
    assert.match(stderr, /Cannot reach|does not answer|ENGINE_UNREACHABLE/);
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack trace');
    assert.equal(await fingerprint(), started);
  });

  test('a directory that does not exist', async () => {
    const { code, stderr } = await on.podstead('apply', join(on.source, 'nowhere'), '--prune');
    assert.equal(code, 1);
    assert.match(stderr, /nowhere/);
    assert.equal(await fingerprint(), started);
  });

  test('an emptied directory, until it is confirmed', async () => {
    await rm(join(on.source, 'good.yaml'));
    const held = await on.podstead('apply', on.source, '--prune');
    assert.match(held.stderr, /--allow-empty/);
    assert.equal(await fingerprint(), started);
    const confirmed = await on.podstead('apply', on.source, '--prune', '--allow-empty');
    assert.equal(confirmed.code, 0, confirmed.stderr);
    assert.deepEqual([...(await on.containers()).keys()], ['x']);
  });
});
