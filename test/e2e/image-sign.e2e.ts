import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { assertSchema } from '../cli/schemas.ts';
import { type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const passphrase = 'correct horse battery';

describe('podstead image signs as skopeo and GnuPG take it', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let dir = '';
  let amd64: SampleImage;
  let arm64: SampleImage;
  let index: ReturnType<typeof sampleIndex>;
  const prints = new Map<string, string>();
  const file = (name: string): string => join(dir, name);
  const gpg = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await run('gpg', [
      '--homedir',
      file('gpg'),
      '--batch',
      '--yes',
      '--pinentry-mode',
      'loopback',
      ...args,
    ]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran;
  };
  const makeKey = async (name: string, algorithm: string, secret = ''): Promise<void> => {
    await gpg('--passphrase', secret, '--quick-gen-key', `${name}@example.com`, algorithm, 'sign', 'never');
    const { stdout } = await gpg('--with-colons', '--list-keys', `${name}@example.com`);
    const print = /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1] ?? '';
    prints.set(name, print);
    // A subkey that signs, too: skopeo takes its signatures for nobody's.
    if (name === 'subkey') await gpg('--passphrase', '', '--quick-add-key', print, 'ed25519', 'sign', 'never');
    await gpg('--output', file(`${name}.gpg`), '--export', print);
    await gpg('--passphrase', secret, '--armor', '--output', file(`${name}.asc`), '--export-secret-keys', print);
  };

  before(async () => {
    server = await registry(cleaning);
    dir = await scratch(cleaning);
    [amd64, arm64] = [sampleImage(), sampleImage({ architecture: 'arm64' })];
    index = sampleIndex({ amd64, arm64 });
    await writeLayout(file('both'), '1', [amd64, arm64], index);
    await writeLayout(file('one'), '1', [amd64]);
    await mkdir(file('gpg'), { mode: 0o700 });
    // Ended by its own socket: gpg starts it and leaves it behind.
    cleaning.after(async () => void (await run('gpgconf', ['--homedir', file('gpg'), '--kill', 'gpg-agent'])));
    await makeKey('rsa2048', 'rsa2048');
    await makeKey('nistp256', 'nistp256');
    await makeKey('subkey', 'ed25519');
    await makeKey('locked', 'ed25519', passphrase);
    await makeKey('other', 'ed25519');
    await writeFile(file('pass'), `${passphrase}\nmore\n`, { mode: 0o600 });
    await mkdir(file('registries.d'));
    const storage = `lookaside: file://${file('lookaside')}\n`;
    const staged = `lookaside: file://${file('public')}\n    lookaside-staging: file://${file('staging')}\n`;
    const web = `lookaside: http://127.0.0.1:1/\n`;
    await writeFile(
      file('registries.d/here.yaml'),
      `docker:\n  ${server.host}:\n    ${storage}  ${server.host}/staged:\n    ${staged}  ${server.host}/web:\n    ${web}`,
    );
  });

  const image = (name: string): string => `docker://${server.host}/${name}`;
  const ours = (...args: readonly string[]): Promise<Ran> => run('node', [program, 'image', ...args], { HOME: dir });
  const did = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await ours(...args);
    assert.equal(ran.code, 0, ran.stderr);
    return ran;
  };
  const registries = (): readonly string[] => ['--registries.d', file('registries.d')];
  const theirs = (...args: readonly string[]): Promise<Ran> =>
    run('skopeo', args, { GNUPGHOME: file('gpg'), HOME: dir });
  const push = (name: string, layout = 'one'): Promise<string> =>
    skopeo('copy', '-q', '--all', '--dest-tls-verify=false', `oci:${file(layout)}:1`, image(name));
  const signed = (key: string, ...args: readonly string[]): Promise<Ran> =>
    did('sign', '--sign-by-key', file(`${key}.asc`), ...registries(), '--tls-verify=false', ...args);
  /** Whether both take it by that key. */
  const taken = async (key: string, from: string, isTaken: boolean, requirement: object = {}): Promise<void> => {
    const list = [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: file(`${key}.gpg`), ...requirement }];
    await writeFile(file('policy.json'), JSON.stringify({ default: list }));
    const tls = from.startsWith('docker:') ? ['--src-tls-verify=false'] : [];
    const where = ['--policy', file('policy.json'), ...registries()];
    const more = ['--all', '--remove-signatures', ...tls, from];
    const judged = await theirs(...where, 'copy', '-q', ...more, `dir:${file('judged')}`);
    const own = await ours('copy', ...where, ...more, `dir:${file('own')}`);
    assert.deepEqual([judged.code === 0, own.code === 0], [isTaken, isTaken], `${judged.stderr}\n${own.stderr}`);
  };

  for (const key of ['rsa2048', 'nistp256', 'subkey']) {
    test(`sign with a key of GnuPG (${key}): skopeo takes the image by that key, and by no other`, async () => {
      await push(`${key}:1`);
      const { stderr } = await signed(key, image(`${key}:1`));
      assert.match(
        stderr,
        new RegExp(`Signed .* as ${server.host}/${key}:1\n  sha256:.*\n  by the key ${prints.get(key)}`),
      );
      await taken(key, image(`${key}:1`), true);
      await taken('other', image(`${key}:1`), false);
      const check = await did(
        'verify',
        '--key',
        file(`${key}.gpg`),
        ...registries(),
        '--tls-verify=false',
        image(`${key}:1`),
      );
      assert.match(check.stdout, /is signed\n.*\n {2}by the key, as .*:1 \(simple\)/);
      const wrong = await ours(
        'verify',
        '--key',
        file('other.gpg'),
        ...registries(),
        '--tls-verify=false',
        image(`${key}:1`),
      );
      assert.match(wrong.stderr, /its signature does not hold: OpenPGP/);
    });
  }

  test('sign: an index is signed with each of its images, once by each key, and no signature that is there goes', async () => {
    await push('index:1', 'both');
    const first = await signed('rsa2048', '-o', 'json', image('index:1'));
    const document = JSON.parse(first.stdout);
    assertSchema('image-sign', document);
    assert.deepEqual([document.Digest, document.Made], [index.digest, 3]);
    const again = await signed('rsa2048', '-o', 'json', image('index:1'));
    assert.equal(JSON.parse(again.stdout).Made, 0);
    await signed('other', image('index:1'));
    await taken('rsa2048', image('index:1'), true);
    await taken('other', image('index:1'), true);
    for (const { digest } of [index, amd64.manifest, arm64.manifest]) {
      const storage = file(`lookaside/index@${digest.replace(':', '=')}`);
      assert.deepEqual(await readdir(storage), ['signature-1', 'signature-2']);
    }
    await signed('other', '--sign-identity', `${server.host}/index:2`, image('index:1'));
    await skopeo(
      'copy',
      '-q',
      '--all',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      image('index:1'),
      image('index:2'),
    );
    await taken('other', image('index:2'), true);
    await taken('rsa2048', image('index:2'), false);
  });

  test('copy --sign-by-key signs the copy, of an index every image, in a registry and in dir:', async () => {
    const flags = ['--all', '--sign-by-key', file('rsa2048.asc'), ...registries(), '--dest-tls-verify=false'];
    const { stderr } = await did('copy', ...flags, `oci:${file('both')}:1`, image('copied:1'));
    assert.match(stderr, /, 3 signatures\n/);
    await taken('rsa2048', image('copied:1'), true);
    await taken('other', image('copied:1'), false);
    const nameless = await ours('copy', ...flags, `oci:${file('both')}:1`, `dir:${file('made')}`);
    assert.match(nameless.stderr, /it has no name that a signature could give.*\n.*--sign-identity/);
    await did('copy', ...flags, '--sign-identity', 'example.com/web:1', `oci:${file('both')}:1`, `dir:${file('made')}`);
    const signedIdentity = { type: 'exactReference', dockerReference: 'example.com/web:1' };
    await taken('rsa2048', `dir:${file('made')}`, true, { signedIdentity });
    await taken('other', `dir:${file('made')}`, false, { signedIdentity });
    await signed('other', '--sign-identity', 'example.com/web:1', `dir:${file('made')}`);
    await taken('other', `dir:${file('made')}`, true, { signedIdentity });
  });

  test('signatures go to the staging place of registries.d, as those of skopeo; to no address of HTTP', async () => {
    await push('staged/web:1');
    await signed('rsa2048', image('staged/web:1'));
    await taken('rsa2048', image('staged/web:1'), false);
    await cp(file('staging'), file('public'), { recursive: true });
    await taken('rsa2048', image('staged/web:1'), true);
    const [own = ''] = await readdir(file('staging/staged'));
    await rm(file('staging'), { recursive: true });
    const flags = ['-q', '--sign-by', prints.get('rsa2048') ?? '', '--dest-tls-verify=false'];
    const judge = await theirs(
      '--insecure-policy',
      ...registries(),
      'copy',
      ...flags,
      `oci:${file('one')}:1`,
      image('staged/web:1'),
    );
    assert.equal(judge.code, 0, judge.stderr);
    assert.deepEqual(await readdir(file('staging/staged')), [own]);
    const [key, to] = [['--sign-by-key', file('rsa2048.asc')], image('web/web:1')];
    const refused = await ours('copy', ...key, ...registries(), '--dest-tls-verify=false', `oci:${file('one')}:1`, to);
    assert.match(refused.stderr, /nothing can be written to http:\/\/127.0.0.1:1\/web.*\n.*lookaside-staging/);
  });

  test('a key with a passphrase opens with that of the file, which nothing prints', async () => {
    await push('locked:1');
    const sign = [
      'sign',
      '--sign-by-key',
      file('locked.asc'),
      ...registries(),
      '--tls-verify=false',
      '--log-level',
      'debug',
    ];
    const bare = await ours(...sign, image('locked:1'));
    assert.match(bare.stderr, /it has a passphrase.*\n.*--sign-passphrase-file/);
    await writeFile(file('wrong'), 'another secret\n', { mode: 0o600 });
    const wrong = await ours(...sign, '--sign-passphrase-file', file('wrong'), image('locked:1'));
    assert.match(wrong.stderr, /the passphrase does not open it/);
    const right = await did(...sign, '--sign-passphrase-file', file('pass'), image('locked:1'));
    await taken('locked', image('locked:1'), true);
    for (const { stdout, stderr } of [bare, wrong, right])
      assert.doesNotMatch(`${stdout}${stderr}`, /correct horse|another/);
  });

  test('a key that everybody can read, none, one of several or a short id is refused', async () => {
    await push('keys:1');
    const sign = (...args: readonly string[]): Promise<Ran> =>
      ours('sign', ...registries(), '--tls-verify=false', ...args, image('keys:1'));
    const bytes = await readFile(file('rsa2048.asc'));
    await writeFile(file('open.asc'), bytes, { mode: 0o644 });
    assert.match(
      (await sign('--sign-by-key', file('open.asc'))).stderr,
      /everybody on this host can read it.*\n.*chmod 600/,
    );
    await writeFile(file('open-pass'), passphrase, { mode: 0o644 });
    const pass = ['--sign-by-key', file('locked.asc'), '--sign-passphrase-file', file('open-pass')];
    assert.match((await sign(...pass)).stderr, /the passphrase .* everybody on this host can read it/);
    await writeFile(file('public.asc'), await readFile(file('rsa2048.gpg')), { mode: 0o600 });
    assert.match(
      (await sign('--sign-by-key', file('public.asc'))).stderr,
      /expected a secret key of OpenPGP.*\n.*gpg --armor/,
    );
    await writeFile(file('two.asc'), Buffer.concat([bytes, await readFile(file('other.asc'))]), { mode: 0o600 });
    assert.match((await sign('--sign-by-key', file('two.asc'))).stderr, /it has 2 keys.*\n.*--sign-by: [0-9A-F]{40}, /);
    const short = prints.get('other')?.slice(-16) ?? '';
    assert.match(
      (await sign('--sign-by-key', file('two.asc'), '--sign-by', short)).stderr,
      /it has no key .*\n.*whole/,
    );
    assert.match((await sign('--sign-by', short)).stderr, /no key ring of GnuPG.*\n.*gpg --armor --export-secret-keys/);
    await did(
      'sign',
      ...registries(),
      '--tls-verify=false',
      '--sign-by-key',
      file('two.asc'),
      '--sign-by',
      prints.get('other') ?? '',
      image('keys:1'),
    );
    await taken('other', image('keys:1'), true);
    await taken('rsa2048', image('keys:1'), false);
  });

  test('standalone: skopeo verifies what we signed, and we what skopeo signed', async () => {
    const [manifest, reference] = [file('manifest.json'), 'example.com/team/web:1'];
    await writeFile(manifest, amd64.manifest.bytes);
    const print = prints.get('rsa2048') ?? '';
    const files = ['--manifest', manifest, '--reference', reference, '--signature'];
    await did('sign', '--sign-by-key', file('rsa2048.asc'), ...files, file('ours.sig'));
    const judged = await theirs('standalone-verify', manifest, reference, print, file('ours.sig'));
    assert.equal(judged.code, 0, judged.stderr);
    const made = await theirs('standalone-sign', manifest, reference, print, '-o', file('theirs.sig'));
    assert.equal(made.code, 0, made.stderr);
    for (const signature of ['ours.sig', 'theirs.sig']) {
      const { stdout } = await did('verify', '--key', file('rsa2048.gpg'), '-o', 'json', ...files, file(signature));
      assertSchema('image-verify', JSON.parse(stdout));
      const others = [
        ['--key', file('other.gpg'), ...files],
        ['--key', file('rsa2048.gpg'), '--manifest', manifest, '--reference', 'example.com/team/web:2', '--signature'],
      ];
      await writeFile(file('another.json'), arm64.manifest.bytes);
      others.push([
        '--key',
        file('rsa2048.gpg'),
        '--manifest',
        file('another.json'),
        '--reference',
        reference,
        '--signature',
      ]);
      for (const other of others) assert.equal((await ours('verify', ...other, file(signature))).code, 1);
    }
    const over = await ours('sign', '--sign-by-key', file('rsa2048.asc'), ...files, file('ours.sig'));
    assert.match(over.stderr, /something is there already/);
  });

  describe('signatures travel', () => {
    const targets: readonly (readonly [string, boolean])[] = [
      ['docker', true],
      ['dir', true],
      ['oci', false],
      ['oci-archive', false],
      ['docker-archive', false],
    ];
    const placeOf = (transport: string, name: string): string => {
      if (transport === 'docker') return image(`travel/${name}:1`);
      return `${transport}:${file(`travel-${name}`)}${transport === 'docker-archive' ? ':localhost/web:1' : ''}`;
    };
    const signedIdentity = { type: 'exactRepository', dockerRepository: 'example.com/web' };

    for (const [source, layout] of [
      ['docker', 'both'],
      ['dir', 'one'],
    ] as const) {
      for (const [transport, canKeep] of targets) {
        test(`from ${source}: to ${transport}: ${canKeep ? 'they come along' : 'only --remove-signatures lets it through'}, as with skopeo`, async () => {
          const from = placeOf(source, `from-${source}-${transport}`);
          const tls = ['--src-tls-verify=false', '--dest-tls-verify=false'];
          const all = canKeep ? ['--all'] : [];
          const by = ['--sign-by', prints.get('rsa2048') ?? '', '--sign-identity', 'example.com/web:1'];
          const judge = ['--insecure-policy', ...registries(), 'copy', '-q', ...tls];
          const made = await theirs(...judge, '--all', ...by, `oci:${file(layout)}:1`, from);
          assert.equal(made.code, 0, made.stderr);
          const [theirPlace, ourPlace] = ['theirs', 'ours'].map(who =>
            placeOf(transport, `${who}-${source}-${transport}`),
          );
          const their = await theirs(...judge, ...all, from, theirPlace ?? '');
          const own = await ours('copy', ...registries(), ...tls, ...all, from, ourPlace ?? '');
          assert.deepEqual([their.code === 0, own.code === 0], [canKeep, canKeep], `${their.stderr}\n${own.stderr}`);
          if (canKeep) {
            await taken('rsa2048', ourPlace ?? '', true, { signedIdentity });
            await taken('other', ourPlace ?? '', false, { signedIdentity });
          } else {
            assert.match(own.stderr, /Cannot keep signatures in .*\n.*--remove-signatures/);
          }
          const bare = placeOf(transport, `bare-${source}-${transport}`);
          await did('copy', '--remove-signatures', ...registries(), ...tls, ...all, from, bare);
          if (canKeep) await taken('rsa2048', bare, false, { signedIdentity });
        });
      }
    }

    test('sync signs what it copies, and what an earlier one copied', async () => {
      await push('later:1', 'both');
      const flags = ['--src', 'docker', '--dest', 'docker', '--all', ...registries(), '--tls-verify=false'];
      const sync = (...more: readonly string[]): Promise<Ran> =>
        did('sync', ...flags, ...more, `${server.host}/later:1`, `${server.host}/signed`);
      await sync();
      const key = ['--sign-by-key', file('rsa2048.asc')];
      await sync('--dry-run', ...key);
      await taken('rsa2048', image('signed/later:1'), false);
      await sync(...key);
      await taken('rsa2048', image('signed/later:1'), true);
      await sync(...key, '--append-suffix', '-b');
      await taken('rsa2048', image('signed/later:1-b'), true);
    });

    test('sync takes them along, and --remove-signatures leaves them', async () => {
      await push('synced:1', 'both');
      await signed('rsa2048', '--sign-identity', 'example.com/web:1', image('synced:1'));
      const flags = ['--src', 'docker', '--dest', 'dir', '--all', ...registries(), '--src-tls-verify=false'];
      await did('sync', ...flags, `${server.host}/synced:1`, file('synced'));
      await taken('rsa2048', `dir:${file('synced/synced:1')}`, true, { signedIdentity });
      await did('sync', ...flags, '--remove-signatures', `${server.host}/synced:1`, file('bare'));
      await taken('rsa2048', `dir:${file('bare/synced:1')}`, false, { signedIdentity });
    });

    test('sync takes along what was signed after the first one', async () => {
      await push('pushed:1', 'both');
      const flags = ['--all', ...registries()];
      const from = ['--src', 'docker', '--dest', 'dir', '--src-tls-verify=false', `${server.host}/pushed:1`];
      const on = ['--src', 'dir', '--dest', 'docker', '--dest-tls-verify=false', file('pushed')];
      const sync = async (): Promise<void> => {
        await did('sync', ...flags, ...from, file('pushed'));
        await did('sync', ...flags, ...on, `${server.host}/mirror`);
      };
      await sync();
      await taken('rsa2048', image('mirror/pushed:1'), false, { signedIdentity });
      await signed('rsa2048', '--sign-identity', 'example.com/web:1', image('pushed:1'));
      await sync();
      await taken('rsa2048', image('mirror/pushed:1'), true, { signedIdentity });
    });
  });
});
