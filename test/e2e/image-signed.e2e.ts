import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

/** Kinds of keys that GnuPG makes. */
const kinds = ['rsa2048', 'ed25519', 'nistp256'] as const;

describe('podstead image honours simple signing as skopeo does', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let dir = '';
  let amd64: SampleImage;
  const prints = new Map<string, string>();
  const gpg = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await run('gpg', ['--homedir', join(dir, 'gpg'), '--batch', '--yes', ...args]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran;
  };

  before(async () => {
    server = await registry(cleaning);
    dir = await scratch(cleaning);
    amd64 = sampleImage();
    const arm64 = sampleImage({ architecture: 'arm64' });
    await writeLayout(join(dir, 'both'), '1', [amd64, arm64], sampleIndex({ amd64, arm64 }));
    await mkdir(join(dir, 'gpg'), { mode: 0o700 });
    // Ended by its own socket: gpg starts it and leaves it behind.
    cleaning.after(async () => void (await run('gpgconf', ['--homedir', join(dir, 'gpg'), '--kill', 'gpg-agent'])));
    for (const kind of [...kinds, 'other']) {
      const algorithm = kind === 'other' ? 'rsa2048' : kind;
      await gpg('--passphrase', '', '--quick-gen-key', `${kind}@example.com`, algorithm, 'sign', 'never');
      const { stdout } = await gpg('--with-colons', '--list-keys', `${kind}@example.com`);
      prints.set(kind, /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1] ?? '');
      await gpg('--output', join(dir, `${kind}.gpg`), '--export', prints.get(kind) ?? '');
      await gpg('--armor', '--output', join(dir, `${kind}.asc`), '--export', prints.get(kind) ?? '');
    }
    await mkdir(join(dir, 'registries.d'));
    await writeFile(
      join(dir, 'registries.d/here.yaml'),
      `docker:\n  ${server.host}:\n    lookaside: file://${join(dir, 'lookaside')}\n`,
    );
  });

  const image = (name: string): string => `docker://${server.host}/${name}`;
  /** As skopeo does it, with GnuPG. */
  const sign = (kind: string, to: string, ...flags: readonly string[]): Promise<Ran> =>
    run(
      'skopeo',
      [
        '--insecure-policy',
        '--registries.d',
        join(dir, 'registries.d'),
        'copy',
        '-q',
        '--dest-tls-verify=false',
      ].concat(['--sign-by', prints.get(kind) ?? '', ...flags, `oci:${join(dir, 'both')}:1`, to]),
      { GNUPGHOME: join(dir, 'gpg') },
    );
  const signed = async (kind: string, to: string, ...flags: readonly string[]): Promise<void> => {
    const ran = await sign(kind, to, ...flags);
    assert.equal(ran.code, 0, ran.stderr);
  };
  const policy = async (requirement: object): Promise<string> => {
    const file = join(dir, 'policy.json');
    const list = [{ type: 'signedBy', keyType: 'GPGKeys', ...requirement }];
    await writeFile(file, JSON.stringify({ default: list }));
    return file;
  };
  /** Both copy it by one policy; what ours says. */
  const both = async (requirement: object, from: string, isTaken: boolean, ...flags: string[]): Promise<string> => {
    const file = await policy(requirement);
    const where = ['--registries.d', join(dir, 'registries.d')];
    const tls = from.startsWith('docker:') ? ['--src-tls-verify=false'] : [];
    const theirs = await run(
      'skopeo',
      [
        '--policy',
        file,
        ...where,
        'copy',
        '-q',
        '--remove-signatures',
        ...tls,
        ...flags,
        from,
        `dir:${join(dir, 'a')}`,
      ],
      { GNUPGHOME: join(dir, 'gpg') },
    );
    const ours = await run(
      'node',
      [program, 'image', 'copy', '--policy', file, ...where, ...tls, ...flags, from, `dir:${join(dir, 'b')}`],
      { HOME: dir },
    );
    assert.deepEqual([theirs.code === 0, ours.code === 0], [isTaken, isTaken], `${theirs.stderr}\n${ours.stderr}`);
    return ours.stderr;
  };
  const key = (kind: string): string => join(dir, `${kind}.gpg`);

  for (const kind of kinds) {
    test(`an image signed with a key of ${kind} is taken by that key, and by no other`, async () => {
      await signed(kind, image(`${kind}:1`));
      await both({ keyPath: key(kind) }, image(`${kind}:1`), true);
      await both({ keyPath: join(dir, `${kind}.asc`) }, image(`${kind}:1`), true);
      await both({ keyPaths: [key('other'), key(kind)] }, image(`${kind}:1`), true);
      await both({ keyData: (await readFile(key(kind))).toString('base64') }, image(`${kind}:1`), true);
      const why = await both({ keyPath: key('other') }, image(`${kind}:1`), false);
      assert.match(why, /its signature does not hold: OpenPGP: .*\n.*the default refuses it/);
    });
  }

  test('an image without a signature is refused, and one with two is taken by either', async () => {
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, 'both')}:1`, image('bare:1'));
    assert.match(await both({ keyPath: key('ed25519') }, image('bare:1'), false), /it has no simple signature/);
    await signed('other', image('twice:1'));
    const storage = join(dir, 'lookaside', `twice@${amd64.manifest.digest.replace(':', '=')}`);
    const first = await readFile(join(storage, 'signature-1'));
    // Skopeo leaves but its own.
    await signed('ed25519', image('twice:1'));
    await writeFile(join(storage, 'signature-2'), first);
    await both({ keyPath: key('ed25519') }, image('twice:1'), true);
    await both({ keyPath: key('other') }, image('twice:1'), true);
    assert.match(
      await both({ keyPath: key('rsa2048') }, image('twice:1'), false),
      /none of its 2 signatures holds: 1\. /,
    );
  });

  test('a signature for another name, tag or image is refused', async () => {
    await signed('ed25519', image('names:1'));
    const keys = { keyPath: key('ed25519') };
    // The same image, with the signatures that it has, under another tag.
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, 'both')}:1`, image('names:2'));
    assert.match(await both(keys, image('names:2'), false), /it is for ".*names:1", expected ".*names:2"/);
    await both({ ...keys, signedIdentity: { type: 'matchRepository' } }, image('names:2'), true);
    await both({ ...keys, signedIdentity: { type: 'matchExact' } }, image('names:1'), true);
    const byDigest = image(`names@${amd64.manifest.digest}`);
    await both(keys, byDigest, true);
    await both({ ...keys, signedIdentity: { type: 'matchExact' } }, byDigest, false);
    const exact = { type: 'exactReference', dockerReference: `${server.host}/names:1` };
    await both({ ...keys, signedIdentity: exact }, image('names:2'), true);
    const remap = { type: 'remapIdentity', prefix: `${server.host}/mirror`, signedPrefix: server.host };
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, 'both')}:1`, image('mirror/names:1'));
    const [storage = ''] = (await readdir(join(dir, 'lookaside'))).filter(name => name.startsWith('names@'));
    await cp(join(dir, 'lookaside', storage), join(dir, 'lookaside/mirror', storage), { recursive: true });
    await both({ ...keys, signedIdentity: remap }, image('mirror/names:1'), true);
    await both(keys, image('mirror/names:1'), false);
    // The signature of another image.
    const other = sampleImage();
    await writeLayout(join(dir, 'other'), '1', [other]);
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, 'other')}:1`, image('names:1'));
    const hex = other.manifest.digest.replace(':', '=');
    await cp(join(dir, 'lookaside', storage), join(dir, 'lookaside', `names@${hex}`), { recursive: true });
    assert.match(await both(keys, image('names:1'), false), new RegExp(`it is for ${amd64.manifest.digest}`));
  });

  test('in dir: a signature lies beside the image, and one that was changed is refused', async () => {
    const place = `dir:${join(dir, 'plain')}`;
    await signed('rsa2048', place, '--sign-identity', 'example.com/team/web:1');
    const identity = { type: 'exactRepository', dockerRepository: 'example.com/team/web' };
    const wanted = { keyPath: key('rsa2048'), signedIdentity: identity };
    await both(wanted, place, true);
    assert.match(await both({ keyPath: key('rsa2048') }, place, false), /has no name that a signature could give/);
    const path = join(dir, 'plain/signature-1');
    const bytes = await readFile(path);
    for (const at of [10, Math.floor(bytes.length / 2), bytes.length - 10]) {
      await writeFile(path, Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))));
      await both(wanted, place, false);
    }
    await writeFile(path, bytes.subarray(0, bytes.length - 20));
    await both(wanted, place, false);
  });

  /** Makes a key and signs with it in the year 2025, as GnuPG believes; the key ends after so long. */
  const signedLongAgo = async (name: string, ends: string): Promise<string> => {
    const conf = join(dir, 'gpg/gpg.conf');
    await writeFile(conf, 'faked-system-time 20250101T000000\n');
    try {
      await gpg('--passphrase', '', '--quick-gen-key', `${name}@example.com`, 'rsa2048', 'sign', ends);
      const { stdout } = await gpg('--with-colons', '--list-keys', `${name}@example.com`);
      prints.set(name, /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1] ?? '');
      await signed(name, image(`${name}:1`));
    } finally {
      await rm(conf);
    }
    await gpg('--output', key(name), '--export', prints.get(name) ?? '');
    return prints.get(name) ?? '';
  };

  test('a key that expired or was revoked since signs no more', async () => {
    await signedLongAgo('expired', '1m');
    await both({ keyPath: key('expired') }, image('expired:1'), false);
    const print = await signedLongAgo('revoked', 'never');
    await both({ keyPath: key('revoked') }, image('revoked:1'), true);
    const revocation = await readFile(join(dir, `gpg/openpgp-revocs.d/${print}.rev`), 'utf8');
    await writeFile(join(dir, 'revoke.asc'), revocation.replace(':-----BEGIN', '-----BEGIN'));
    await gpg('--import', join(dir, 'revoke.asc'));
    await gpg('--output', key('revoked'), '--export', print);
    await both({ keyPath: key('revoked') }, image('revoked:1'), false);
  });

  test('a key whose end was moved after it signed still counts', async () => {
    const print = await signedLongAgo('moved', '1m');
    await gpg('--quick-set-expire', print, '1y');
    await gpg('--output', key('moved'), '--export', print);
    await both({ keyPath: key('moved') }, image('moved:1'), true);
  });

  test('signatures come over HTTP, too', async () => {
    await signed('ed25519', image('remote:1'));
    const files = createServer((request, response) => {
      readFile(join(dir, 'lookaside', decodeURIComponent(request.url ?? '')))
        .then(bytes => response.end(bytes))
        .catch(() => response.writeHead(404).end());
    });
    await new Promise<void>(resolve => files.listen(0, '127.0.0.1', resolve));
    const local = await readFile(join(dir, 'registries.d/here.yaml'), 'utf8');
    try {
      const address = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
      await writeFile(join(dir, 'registries.d/here.yaml'), `default-docker:\n  sigstore: ${address}\n`);
      await both({ keyPath: key('ed25519') }, image('remote:1'), true);
      await both({ keyPath: key('other') }, image('remote:1'), false);
    } finally {
      await writeFile(join(dir, 'registries.d/here.yaml'), local);
      files.close();
    }
  });
});
