import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { ImageIndex } from '../../src/image/manifest.ts';
import { type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';
import { type Registry, registry, run } from './host.ts';
import { scratch, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const identity = { type: 'exactRepository', dockerRepository: 'example.com/team/web' };

describe('of an index, the images are held against the policy, each by its own signature, as skopeo does', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let dir = '';
  let print = '';
  let amd64: SampleImage;
  let arm64: SampleImage;
  let index: ImageIndex;

  before(async () => {
    server = await registry(cleaning);
    dir = await scratch(cleaning);
    [amd64, arm64] = [sampleImage(), sampleImage({ architecture: 'arm64' })];
    index = sampleIndex({ amd64, arm64 });
    await writeLayout(join(dir, 'both'), '1', [amd64, arm64], index);
    const gpg = async (...args: readonly string[]): Promise<string> => {
      const ran = await run('gpg', ['--homedir', join(dir, 'gpg'), '--batch', '--yes', ...args]);
      assert.equal(ran.code, 0, ran.stderr);
      return ran.stdout;
    };
    assert.equal((await run('mkdir', ['-m', '0700', join(dir, 'gpg')])).code, 0);
    // Ended by its own socket: gpg starts it and leaves it behind.
    cleaning.after(async () => void (await run('gpgconf', ['--homedir', join(dir, 'gpg'), '--kill', 'gpg-agent'])));
    await gpg('--passphrase', '', '--quick-gen-key', 'ann@example.com', 'ed25519', 'sign', 'never');
    const listed = await gpg('--with-colons', '--list-keys', 'ann@example.com');
    print = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
    await gpg('--output', join(dir, 'ann.gpg'), '--export', print);
    await run('mkdir', [join(dir, 'registries.d')]);
    const where = `docker:\n  ${server.host}:\n    lookaside: file://${join(dir, 'lookaside')}\n`;
    await writeFile(join(dir, 'registries.d/here.yaml'), where);
    const signedIdentity = (text: object): object => ({
      default: [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: join(dir, 'ann.gpg'), ...text }],
    });
    await writeFile(join(dir, 'policy.json'), JSON.stringify(signedIdentity({})));
    await writeFile(join(dir, 'dir-policy.json'), JSON.stringify(signedIdentity({ signedIdentity: identity })));
  });

  const storage = ['--registries.d', ''];
  /** As skopeo signs: the index, and each of its images. */
  const signAll = async (to: string, ...flags: readonly string[]): Promise<void> => {
    storage[1] = join(dir, 'registries.d');
    const ran = await run(
      'skopeo',
      ['--insecure-policy', ...storage, 'copy', '-q', '--all', '--dest-tls-verify=false', '--sign-by', print].concat([
        ...flags,
        `oci:${join(dir, 'both')}:1`,
        to,
      ]),
      { GNUPGHOME: join(dir, 'gpg') },
    );
    assert.equal(ran.code, 0, ran.stderr);
  };
  let count = 0;
  /** Whether it is taken, which both say alike. */
  const taken = async (from: string, ...flags: readonly string[]): Promise<boolean> => {
    const policy = join(dir, from.startsWith('dir:') ? 'dir-policy.json' : 'policy.json');
    const tls = from.startsWith('docker:') ? ['--src-tls-verify=false'] : [];
    const [before, after] = [flags.filter(each => each !== '--all'), flags.filter(each => each === '--all')];
    const [a, b] = [join(dir, `theirs${++count}`), join(dir, `ours${count}`)];
    const theirs = await run(
      'skopeo',
      ['--policy', policy, ...storage, ...before, 'copy', '-q', '--remove-signatures', ...tls, ...after].concat([
        from,
        `dir:${a}`,
      ]),
      { GNUPGHOME: join(dir, 'gpg') },
    );
    const ours = await run(
      'node',
      [program, 'image', 'copy', '--policy', policy, ...storage, ...tls, ...flags, from, `dir:${b}`],
      { HOME: dir },
    );
    assert.equal(ours.code === 0, theirs.code === 0, `${flags.join(' ')}\n${theirs.stderr}\n${ours.stderr}`);
    return ours.code === 0;
  };
  /** Which are taken: the image of this platform, the other one, and both with their index. */
  const all = async (from: string): Promise<readonly boolean[]> => [
    await taken(from, '--override-arch', 'amd64'),
    await taken(from, '--override-arch', 'arm64'),
    await taken(from, '--all'),
  ];
  const hex = ({ digest }: { readonly digest: string }): string => digest.replace('sha256:', '');

  test('in a registry, with signatures in a lookaside storage', async () => {
    const name = 'team/web';
    const from = `docker://${server.host}/${name}:1`;
    const signature = (of: { readonly digest: string }): string => join(dir, 'lookaside', `${name}@sha256=${hex(of)}`);
    await signAll(from);
    assert.deepEqual(await all(from), [true, true, true]);
    const byDigest = `docker://${server.host}/${name}@${index.digest}`;
    assert.deepEqual(await all(byDigest), [true, true, true]);
    await rm(signature(index), { recursive: true });
    assert.deepEqual(await all(from), [true, true, true], 'nobody asks for that of the index');
    await rm(signature(arm64.manifest), { recursive: true });
    assert.deepEqual(await all(from), [true, false, false]);
    await signAll(from);
    await rm(signature(arm64.manifest), { recursive: true });
    await rm(signature(amd64.manifest), { recursive: true });
    assert.deepEqual(await all(from), [false, false, false], 'that of the index is for none of its images');
  });

  test('in dir:, with signatures beside them', async () => {
    const from = `dir:${join(dir, 'plain')}`;
    await signAll(from, '--sign-identity', 'example.com/team/web:1');
    assert.deepEqual(await all(from), [true, true, true]);
    await rm(join(dir, 'plain', `${hex(arm64.manifest)}.signature-1`));
    assert.deepEqual(await all(from), [true, false, false]);
    await rm(join(dir, 'plain', `${hex(amd64.manifest)}.signature-1`));
    assert.deepEqual(await all(from), [false, false, false], 'that of the index is for none of its images');
  });
});
