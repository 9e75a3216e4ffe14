import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { keyPairs, pemOf } from '../image/cosign.ts';
import { cosignKeyFile } from '../image/cosign-key.ts';
import { type SampleImage, sampleImage } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const passphrase = 'correct horse battery';

// Debian builds skopeo without sigstore, and there is no cosign: what judges is what holds cosign's own signatures elsewhere.
describe('podstead image signs as cosign does', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let dir = '';
  let sample: SampleImage;
  const own = keyPairs['ECDSA P-256'];
  const file = (name: string): string => join(dir, name);
  before(async () => {
    server = await registry(cleaning);
    dir = await scratch(cleaning);
    sample = sampleImage();
    await writeLayout(file('one'), '1', [sample]);
    await writeFile(file('own.pub'), pemOf(own.publicKey));
    await writeFile(file('cosign.key'), cosignKeyFile(own.privateKey, passphrase), { mode: 0o600 });
    for (const [kind, { publicKey, privateKey }] of Object.entries(keyPairs)) {
      await writeFile(file(`${kind}.pub`), pemOf(publicKey));
      await writeFile(file(`${kind}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    }
    await writeFile(file('pass'), passphrase, { mode: 0o600 });
    await mkdir(file('registries.d'));
    const use = (isUsed: boolean): string => `    use-sigstore-attachments: ${isUsed}\n`;
    const rules = `  ${server.host}/used:\n${use(true)}  ${server.host}/unused:\n${use(false)}`;
    await writeFile(
      file('registries.d/here.yaml'),
      `docker:\n  ${server.host}:\n    lookaside: file://${file('l')}\n${rules}`,
    );
  });

  const image = (name: string): string => `docker://${server.host}/${name}`;
  const ours = (command: string, ...args: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', command, '--registries.d', file('registries.d'), '--tls-verify=false', ...args], {
      HOME: dir,
    });
  const did = async (command: string, ...args: readonly string[]): Promise<Ran> => {
    const ran = await ours(command, ...args);
    assert.equal(ran.code, 0, ran.stderr);
    return ran;
  };
  const push = (name: string): Promise<string> =>
    skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${file('one')}:1`, image(name));
  const key = (kind: string): readonly string[] => ['--sign-by-sigstore-private-key', file(`${kind}.key`)];
  const cosign = (): readonly string[] => [...key('cosign'), '--sign-passphrase-file', file('pass')];
  const tag = (): string => `sha256-${sample.manifest.digest.slice('sha256:'.length)}.sig`;
  const layersOf = async (name: string): Promise<readonly { readonly digest: string }[]> => {
    const raw = await skopeo('inspect', '--raw', '--tls-verify=false', `${image(name).replace(/:1$/, '')}:${tag()}`);
    const config = await skopeo(
      'inspect',
      '--config',
      '--raw',
      '--tls-verify=false',
      `${image(name).replace(/:1$/, '')}:${tag()}`,
    );
    const { layers } = JSON.parse(raw);
    assert.deepEqual(
      JSON.parse(config).rootfs.diff_ids,
      layers.map(({ digest }: { readonly digest: string }) => digest),
    );
    return layers;
  };
  /** Whether the key proves it, and a policy by that key takes it. */
  const taken = async (kind: string, from: string, isTaken: boolean, signedIdentity?: object): Promise<void> => {
    const requirement = { type: 'sigstoreSigned', keyPath: file(`${kind}.pub`), signedIdentity };
    await writeFile(file('policy.json'), JSON.stringify({ default: [requirement] }));
    const proven = await ours('verify', '--key', file(`${kind}.pub`), from);
    const judged = await ours('inspect', '--policy', file('policy.json'), from);
    const told = `${proven.stderr}\n${judged.stderr}`;
    assert.deepEqual([proven.code === 0, judged.code === 0], [isTaken, isTaken], told);
  };

  test('sign with a key of cosign: policy and verify take the image by that key, and by no other', async () => {
    await push('cosign:1');
    const { stderr, stdout } = await did('sign', ...cosign(), image('cosign:1'));
    assert.match(stderr, /Signed .* as .*\/cosign:1\n.*\n {2}by the key sha256:[0-9a-f]{64}/);
    assert.doesNotMatch(`${stdout}${stderr}`, /correct horse/);
    await taken('own', image('cosign:1'), true);
    await taken('RSA', image('cosign:1'), false);
    const again = await did('sign', ...cosign(), '-o', 'json', image('cosign:1'));
    assert.equal(JSON.parse(again.stdout).Made, 0);
    assert.equal((await layersOf('cosign:1')).length, 1);
  });

  test('a signature comes after those that are beside the image, whoever made them', async () => {
    await push('many:1');
    for (const [at, kind] of Object.keys(keyPairs).entries()) {
      await did('sign', ...key(kind), image('many:1'));
      assert.equal((await layersOf('many:1')).length, at + 1);
    }
    for (const kind of Object.keys(keyPairs)) await taken(kind, image('many:1'), true);
  });

  test('copy signs what it writes', async () => {
    await did('copy', ...cosign(), `oci:${file('one')}:1`, image('copied:1'));
    await taken('own', image('copied:1'), true);
  });

  test('signatures beside the image travel where registries.d says that they are used, and through dir:', async () => {
    await push('used/a:1');
    await did('sign', ...cosign(), '--sign-identity', 'example.com/web:1', image('used/a:1'));
    const identity = { type: 'exactRepository', dockerRepository: 'example.com/web' };
    await did('copy', image('used/a:1'), `dir:${file('dir')}`);
    await taken('own', `dir:${file('dir')}`, true, identity);
    for (const [from, to] of [
      [image('used/a:1'), 'used/b:1'],
      [`dir:${file('dir')}`, 'used/c:1'],
      [`dir:${file('dir')}`, 'plain/d:1'],
    ] as const) {
      await did('copy', from, image(to));
      await taken('own', image(to), true, identity);
    }
    // Twice adds none.
    await did('copy', image('used/a:1'), image('used/b:1'));
    assert.equal((await layersOf('used/b:1')).length, 1);
    await did('copy', image('plain/d:1'), image('used/e:1'));
    await taken('own', image('used/e:1'), false, identity);
    const refused = await ours('copy', `dir:${file('dir')}`, image('unused/f:1'));
    assert.match(refused.stderr, /"use-sigstore-attachments: false".*\n.*--remove-signatures/);
    await did('copy', '--remove-signatures', `dir:${file('dir')}`, image('unused/f:1'));
  });

  test('a manifest is signed and verified as files', async () => {
    await writeFile(file('manifest.json'), sample.manifest.bytes);
    const files = ['--manifest', file('manifest.json'), '--reference', 'example.com/web:1', '--signature', file('sig')];
    const bare = (...args: readonly string[]): Promise<Ran> => run('node', [program, 'image', ...args], { HOME: dir });
    const signed = await bare('sign', ...cosign(), ...files);
    assert.equal(signed.code, 0, signed.stderr);
    assert.equal((await bare('verify', '--key', file('own.pub'), ...files)).code, 0);
    assert.match((await bare('verify', '--key', file('RSA.pub'), ...files)).stderr, /the key did not make it/);
  });
});
