import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { assertSchema } from '../cli/schemas.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

describe('podstead image login and logout', () => {
  const cleaning = cleanUps();
  const password = 'pa55-w0rd with "quotes" and spaces';
  let server: Registry;
  let dir = '';
  let authfile = '';
  before(async () => {
    server = await registry(cleaning, { htpasswd: { user: 'ann', password } });
    dir = await scratch(cleaning);
    authfile = join(dir, 'run/containers/auth.json');
  });

  /** With the password in a file: never in argv. */
  const podstead = async (input: string, ...args: readonly string[]): Promise<Ran> => {
    await writeFile(join(dir, 'input'), input);
    const env = { HOME: dir, XDG_RUNTIME_DIR: join(dir, 'run'), PROGRAM: program, INPUT: join(dir, 'input') };
    return run('sh', ['-c', 'exec node "$PROGRAM" image "$@" < "$INPUT"', 'sh', ...args], env);
  };
  const read = async (): Promise<Record<string, unknown>> => JSON.parse(await readFile(authfile, 'utf8'));

  test('login keeps what the registry takes, for the user alone, and skopeo finds it', async () => {
    const { code, stderr } = await podstead(`${password}\n`, 'login', '--tls-verify=false', '-u', 'ann', server.host);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, `Logged in to ${server.host}; kept in ${authfile}\n`);
    assert.equal((await stat(authfile)).mode & 0o777, 0o600);
    const auth = Buffer.from(`ann:${password}`).toString('base64');
    assert.deepEqual(await read(), { auths: { [server.host]: { auth } } });
    const theirs = await run('skopeo', ['login', '--get-login', '--authfile', authfile, server.host]);
    assert.equal(theirs.stdout.trim(), 'ann', theirs.stderr);
    assert.equal((await podstead('', 'login', '--get-login', server.host)).stdout, 'ann\n');
  });

  test('login that the registry refuses keeps nothing, and says nothing of the password', async () => {
    const before = await read();
    const { code, stderr } = await podstead('wr0ng\n', 'login', '--tls-verify=false', '-u', 'ann', server.host);
    assert.equal(code, 1);
    assert.match(stderr, /answers 401 to the user name and password that were given.*\n {2}Correct what was refused/);
    assert.doesNotMatch(stderr, /wr0ng/);
    assert.deepEqual(await read(), before);
    const empty = await podstead('', 'login', '--tls-verify=false', '-u', 'ann', server.host);
    assert.match(empty.stderr, /the password is empty/);
    const nobody = await podstead(`${password}\n`, 'login', '--tls-verify=false', server.host);
    assert.match(nobody.stderr, /--username/);
  });

  test('what is kept and refused later is told with its file, and without its value', async () => {
    const file = join(dir, 'stale.json');
    const auth = Buffer.from('ann:stale-pa55').toString('base64');
    await writeFile(file, JSON.stringify({ auths: { [server.host]: { auth } } }));
    const image = `docker://${server.host}/team/web:1`;
    const { code, stderr } = await podstead('', 'inspect', '--tls-verify=false', '--authfile', file, image);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`answers 401 to the user name and password of "${file}", .*\n {2}Correct what was refused`),
    );
    assert.doesNotMatch(stderr, /stale-pa55/);
    const anybody = await podstead('', 'inspect', '--tls-verify=false', '--no-creds', image);
    assert.match(anybody.stderr, /answers 401, .*\n {2}Log in with "podstead image login"/);
  });

  test('login keeps all else that the file has; what skopeo kept, logout forgets, and nothing else', async () => {
    const kept = { credHelpers: { 'gcr.io': 'gcloud' }, auths: { 'quay.io': { auth: 'eDp5' } } };
    await mkdir(join(dir, 'run/containers'), { recursive: true });
    await writeFile(authfile, JSON.stringify(kept));
    const login = ['login', '--tls-verify=false', '-u', 'ann', '-o', 'json', server.host];
    const logged = JSON.parse((await podstead(`${password}\n`, ...login)).stdout);
    assertSchema('image-login', logged);
    assert.deepEqual(logged, { Registry: server.host, File: authfile });
    const { auths, ...others } = await read();
    assert.deepEqual(others, { credHelpers: kept.credHelpers });
    assert.deepEqual(Object.keys(auths as object), ['quay.io', server.host]);
    await writeFile(authfile, JSON.stringify(kept));
    const args = ['login', '--tls-verify=false', '-u', 'ann', '-p', password, '--authfile', authfile, server.host];
    assert.equal((await run('skopeo', args)).code, 0);
    const out = await podstead('', 'logout', server.host, '-o', 'json');
    assert.deepEqual(JSON.parse(out.stdout), { Registries: [server.host], File: authfile });
    assertSchema('image-logout', JSON.parse(out.stdout));
    assert.deepEqual(await read(), kept);
    const again = await podstead('', 'logout', server.host);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /not logged in there/);
    assert.equal((await podstead('', 'logout', '--all')).code, 0);
    assert.deepEqual(await read(), { ...kept, auths: {} });
    assert.equal((await podstead('', 'logout')).code, 1);
  });

  test('login --get-login asks the helpers of registries.conf, in their order, as skopeo does', async () => {
    const helper = join(dir, 'bin/docker-credential-vault');
    for (const name of ['bin', 'run/containers']) await mkdir(join(dir, name), { recursive: true });
    await writeFile(
      helper,
      '#!/bin/sh\nread -r registry\necho "{\\"Username\\":\\"vera\\",\\"Secret\\":\\"s3cret\\"}"\n',
      { mode: 0o755 },
    );
    await writeFile(authfile, JSON.stringify({ auths: { 'quay.io': { auth: 'eDp5' } } }));
    const conf = join(dir, 'registries.conf');
    const env = {
      ...{ HOME: dir, XDG_RUNTIME_DIR: join(dir, 'run'), CONTAINERS_REGISTRIES_CONF: conf },
      PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
    };
    for (const [helpers, user] of [
      ['["vault", "containers-auth.json"]', 'vera'],
      ['["containers-auth.json", "vault"]', 'x'],
      ['["containers-auth.json"]', 'x'],
    ] as const) {
      await writeFile(conf, `credential-helpers = ${helpers}\n`);
      const ours = await run('node', [program, 'image', 'login', '--get-login', 'quay.io'], env);
      const theirs = await run('skopeo', ['--registries-conf', conf, 'login', '--get-login', 'quay.io'], env);
      assert.deepEqual([ours.stdout, theirs.stdout.trim()], [`${user}\n`, user], `${ours.stderr}${theirs.stderr}`);
    }
  });

  test('a file of credentials that is broken stays as it is', async () => {
    await writeFile(authfile, '{"auths": broken');
    const { code, stderr } = await podstead(`${password}\n`, 'login', '--tls-verify=false', '-u', 'ann', server.host);
    assert.equal(code, 1);
    assert.match(stderr, /Cannot read credentials in ".*auth\.json": expected JSON/);
    assert.equal(await readFile(authfile, 'utf8'), '{"auths": broken');
  });
});
