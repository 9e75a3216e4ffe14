import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AuthPlaces } from '../../src/image/auth-file.ts';
import { readCertificates } from '../../src/image/certificates.ts';
import { findLogin, keysOf } from '../../src/image/credentials.ts';

const entry = (password: string): object => ({ auth: Buffer.from(`ann:${password}`).toString('base64') });

/** A home with files in it, and nothing of this host's own. */
async function home(t: TestContext, files: Readonly<Record<string, unknown>>): Promise<AuthPlaces> {
  const dir = await mkdtemp(join(tmpdir(), 'pda-'));
  t.after(() => rm(dir, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  const env = { HOME: dir, XDG_RUNTIME_DIR: join(dir, 'run'), PATH: `${join(dir, 'bin')}:/usr/bin:/bin` };
  return { file: undefined, env, uid: 1000 };
}

async function found(places: AuthPlaces, registry: string, repository: string): Promise<string | undefined> {
  const login = await findLogin(places, { registry, repository });
  if (login?.kind === 'identity') return `identity ${login.token.reveal()}`;
  return login && `${login.credential.reveal().username}:${login.credential.reveal().password}`;
}

test('keysOf() goes from the whole name to the registry', () => {
  assert.deepEqual(keysOf('r.io', 'a/b/c'), ['r.io/a/b/c', 'r.io/a/b', 'r.io/a', 'r.io']);
  assert.deepEqual(keysOf('r.io', ''), ['r.io']);
});

test('findLogin() takes the most exact key of the first file that knows one', async t => {
  const places = await home(t, {
    'run/containers/auth.json': { auths: { 'r.io': entry('r'), 'r.io/team': entry('team'), 'r.io/team/web': {} } },
    '.config/containers/auth.json': { auths: { 'r.io/team/web': entry('later'), 'q.io': entry('q') } },
    '.docker/config.json': { auths: { 'https://index.docker.io/v1/': entry('hub'), 'q.io': entry('other') } },
  });
  assert.equal(await found(places, 'r.io', 'team/web'), 'ann:team');
  assert.equal(await found(places, 'r.io', 'teams'), 'ann:r');
  assert.equal(await found(places, 'q.io', 'x'), 'ann:q');
  assert.equal(await found(places, 'docker.io', 'library/busybox'), 'ann:hub');
  assert.equal(await found(places, 'elsewhere.io', 'x'), undefined);
  const given = { ...places, file: join(places.env.HOME ?? '', '.docker/config.json') };
  assert.equal(await found(given, 'r.io', 'team/web'), undefined, 'a file that is given is the only one');
  const named = { ...places, env: { ...places.env, REGISTRY_AUTH_FILE: given.file } };
  assert.equal(await found(named, 'q.io', 'x'), 'ann:other');
});

test('findLogin() asks the helper of a registry, by standard input', async t => {
  const places = await home(t, {
    'run/containers/auth.json': { credHelpers: { 'r.io': 'vault', 's.io': 'vault', 'bad.io': '../vault' } },
    'bin/docker-credential-vault': `#!/bin/sh
read registry
case "$1 $registry" in
  "get r.io") echo '{"ServerURL":"r.io","Username":"vera","Secret":"s3cret"}' ;;
  "get s.io") echo '{"Username":"<token>","Secret":"t0ken"}' ;;
  *) echo "credentials not found in native keychain"; exit 1 ;;
esac
`,
  });
  await chmod(join(places.env.HOME ?? '', 'bin/docker-credential-vault'), 0o755);
  assert.equal(await found(places, 'r.io', 'a'), 'vera:s3cret');
  assert.equal(await found(places, 's.io', 'a'), 'identity t0ken');
  await assert.rejects(found(places, 'bad.io', 'a'), { code: 'CREDENTIALS_INVALID', message: /without a path/ });
});

test('findLogin() asks the helpers of registries.conf in their order, before or after the files', async t => {
  const places = await home(t, {
    'run/containers/auth.json': { auths: { 'r.io': entry('file') } },
    'bin/docker-credential-some':
      '#!/bin/sh\nread registry; echo "{\\"Username\\":\\"vera\\",\\"Secret\\":\\"of-$registry\\"}"\n',
  });
  await chmod(join(places.env.HOME ?? '', 'bin/docker-credential-some'), 0o755);
  const secret = async (...helpers: string[]): Promise<string | undefined> => {
    const login = await findLogin(places, { registry: 'r.io', repository: 'a' }, helpers);
    return login?.kind === 'password' ? login.credential.reveal().password : undefined;
  };
  assert.equal(await secret('some', 'containers-auth.json'), 'of-r.io');
  assert.equal(await secret('containers-auth.json', 'some'), 'file');
  assert.equal(await secret(), undefined);
});

test('findLogin() goes on where a helper knows nothing, and says where it fails', async t => {
  const places = await home(t, {
    'run/containers/auth.json': { auths: { 'r.io': entry('file') }, credsStore: 'none' },
    'bin/docker-credential-none': '#!/bin/sh\necho "credentials not found"; exit 1\n',
  });
  const helper = join(places.env.HOME ?? '', 'bin/docker-credential-none');
  await chmod(helper, 0o755);
  assert.equal(await found(places, 'r.io', 'a'), 'ann:file');
  await writeFile(helper, '#!/bin/sh\necho "vault is sealed, root token s.123"; exit 1\n');
  await assert.rejects(found(places, 'r.io', 'a'), (error: Error) => {
    assert.match(error.message, /helper "none": it failed/);
    assert.doesNotMatch(error.message, /s\.123/);
    return true;
  });
});

/** A home with helpers of these names, which answer so. */
async function withHelpers(
  t: TestContext,
  scripts: Readonly<Record<string, string>>,
  files: Readonly<Record<string, unknown>> = {},
): Promise<AuthPlaces> {
  const bin = Object.entries(scripts).map(([name, script]) => [
    `bin/docker-credential-${name}`,
    `#!/bin/sh\n${script}\n`,
  ]);
  const places = await home(t, { ...files, ...Object.fromEntries(bin) });
  for (const [name] of bin) await chmod(join(places.env.HOME ?? '', name ?? ''), 0o755);
  return places;
}

test('findLogin() goes on where a helper answers with nothing in it, and says where the answer is none', async t => {
  for (const [answer, message] of [
    ['{}', undefined],
    ['{"ServerURL":"r.io","Username":"","Secret":""}', undefined],
    ['{"Username":"ann"}', undefined],
    ['[]', undefined],
    ['', /expected JSON/],
    ['pa55-w0rd', /expected JSON/],
  ] as const) {
    const files = { 'run/containers/auth.json': { auths: { 'r.io': entry('file') }, credHelpers: { 'r.io': 'some' } } };
    const places = await withHelpers(t, { some: `cat > /dev/null; echo '${answer}'` }, files);
    const asked = found(places, 'r.io', 'a');
    if (message === undefined) assert.equal(await asked, 'ann:file', answer);
    else {
      await assert.rejects(asked, (error: Error) => {
        assert.match(error.message, message);
        assert.doesNotMatch(`${error.message}${error.cause ?? ''}`, /pa55/);
        return true;
      });
    }
  }
});

test('findLogin() asks the next of several helpers where one fails or is not there, and fails where none knows', async t => {
  const places = await withHelpers(t, {
    broken: 'echo locked; exit 3',
    deaf: `exec 0<&-; echo '{"Username":"vera","Secret":"s3cret"}'`,
    ignorant: 'cat > /dev/null; echo credentials not found in native keychain; exit 1',
  });
  const ask = async (...helpers: string[]): Promise<string | undefined> => {
    const login = await findLogin(places, { registry: 'r.io', repository: 'a' }, helpers);
    return login?.kind === 'password' ? login.credential.reveal().username : undefined;
  };
  assert.equal(await ask('broken', 'absent', 'deaf'), 'vera');
  assert.equal(await ask('containers-auth.json', 'ignorant', 'deaf'), 'vera');
  assert.equal(await ask('ignorant', 'containers-auth.json'), undefined);
  await assert.rejects(ask('ignorant', 'broken', 'ignorant'), { message: /helper "broken": it failed/ });
  await assert.rejects(ask('absent', 'broken'), { message: /helper "absent": it failed/ });
});

test('findLogin() takes namespaces as keys in every form that tools write', async t => {
  const places = await home(t, {
    'run/containers/auth.json': {
      auths: {
        ...{ 'docker.io': entry('hub'), 'docker.io/library': entry('official'), 'docker.io/team/web': entry('web') },
        ...{ 'localhost:5000/team': entry('port'), 'r.io/team/web/deep': entry('deep'), 'r.io/team': { auth: '???' } },
        ...{
          'r.io': { username: 'vera', password: 'apart' },
          'q.io/a': { identitytoken: 't0ken' },
          'q.io': entry('q'),
        },
      },
    },
  });
  for (const [registry, repository, expected] of [
    ['docker.io', 'library/busybox', 'ann:official'],
    ['docker.io', 'team/web', 'ann:web'],
    ['docker.io', 'team/webs', 'ann:hub'],
    ['localhost:5000', 'team/web', 'ann:port'],
    ['localhost:5000', 'teams/web', undefined],
    ['localhost', 'team/web', undefined],
    ['r.io', 'team/web/deep', 'ann:deep'],
    ['r.io', 'team/web', 'vera:apart'],
    ['q.io', 'a/b', 'identity t0ken'],
    ['q.io', 'ab', 'ann:q'],
  ] as const) {
    assert.equal(await found(places, registry, repository), expected, `${registry}/${repository}`);
  }
});

test('findLogin() says which file it cannot read, and nothing of what is in it', async t => {
  const places = await home(t, { 'run/containers/auth.json': '{"auths": pa55-w0rd' });
  await assert.rejects(found(places, 'r.io', 'a'), (error: Error) => {
    assert.match(error.message, /run\/containers\/auth\.json": expected JSON$/);
    assert.doesNotMatch(`${error.message}${error.cause ?? ''}`, /pa55/);
    return true;
  });
});

test('findLogin() tells a file that was named and is not there, and passes over others that are not', async t => {
  const places = await home(t, {});
  assert.equal(await found(places, 'r.io', 'a'), undefined);
  const file = join(places.env.HOME ?? '', 'nowhere.json');
  assert.equal(await found({ ...places, env: { ...places.env, REGISTRY_AUTH_FILE: file } }, 'r.io', 'a'), undefined);
  await assert.rejects(found({ ...places, file }, 'r.io', 'a'), {
    code: 'CREDENTIALS_INVALID',
    message: `Cannot read credentials in "${file}": there is no such file or directory`,
  });
});

test('readCertificates() takes what the host trusts, and the directory of the registry', async t => {
  const pem = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
  const { env } = await home(t, {
    'host.pem': pem('host'),
    '.config/containers/certs.d/r.io:5000/ca.crt': pem('own'),
    '.config/containers/certs.d/r.io:5000/client.cert': 'cert',
    '.config/containers/certs.d/r.io:5000/client.key': 'key',
    'given/client.cert': 'cert',
  });
  const hosts = { ...env, SSL_CERT_FILE: join(env.HOME ?? '', 'host.pem') };
  const places = { directory: undefined, verify: true, env: hosts };
  const client = { cert: 'cert', key: 'key' };
  assert.deepEqual(await readCertificates('r.io:5000', places), { ca: [pem('host'), pem('own')], client });
  assert.deepEqual(await readCertificates('q.io', places), { ca: [pem('host')], client: undefined });
  assert.deepEqual(await readCertificates('q.io', { ...places, verify: false }), { ca: [], client: undefined });
  const given = { ...places, directory: join(env.HOME ?? '', 'given') };
  await assert.rejects(readCertificates('q.io', given), { code: 'CREDENTIALS_INVALID', hint: /client\.key/ });
  const missing = { ...places, directory: join(env.HOME ?? '', 'nowhere') };
  await assert.rejects(readCertificates('q.io', missing), { code: 'CREDENTIALS_INVALID' });
});
