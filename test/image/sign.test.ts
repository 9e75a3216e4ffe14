import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readPassphrase, readSecret } from '../../src/image/secret-file.ts';
import { signImage } from '../../src/image/sign.ts';
import { claimTypes, readClaim } from '../../src/image/signature-claim.ts';
import { formatSignature, parseSignature } from '../../src/image/signature-store.ts';
import { claimBytes } from '../../src/image/signer.ts';
import { sigstoreSigner } from '../../src/image/signer-sigstore.ts';
import { wholeName } from '../../src/image/signing.ts';
import { readSigstoreKey } from '../../src/image/sigstore-key.ts';
import { parsePlace } from '../../src/image/transport.ts';
import { keyPairs } from './cosign.ts';
import { cosignKeyFile } from './cosign-key.ts';
import { keepingRegistry } from './keeping.ts';
import { sampleImage } from './samples.ts';
import { openAccess } from './server.ts';

const { privateKey } = keyPairs['ECDSA P-256'];

async function fileOf(t: TestContext, content: string | Buffer, mode = 0o600): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pds-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'key'), content, { mode });
  return join(dir, 'key');
}

test('claimBytes() writes what readClaim() reads, and no more than signatures have', () => {
  const claim = { digest: `sha256:${'a'.repeat(64)}`, reference: 'quay.io/team/web:1' };
  for (const kind of ['simple', 'cosign'] as const) {
    const bytes = claimBytes(kind, claim, { creator: 'podstead 1', nowMs: 1_700_000_000_999 });
    assert.deepEqual(readClaim(bytes, claimTypes[kind]), claim);
    assert.deepEqual(JSON.parse(bytes.toString()).optional, { creator: 'podstead 1', timestamp: 1_700_000_000 });
  }
});

test('formatSignature() writes what parseSignature() reads, also of a kind that nobody knows', () => {
  const bytes = [
    Buffer.from([0x90, 1, 2]),
    Buffer.from('\0sigstore-json\n{"mimeType":"a/b","payload":"AQID","annotations":{"key":"value"}}'),
    Buffer.from('\0later\nabc'),
  ];
  for (const each of bytes) assert.deepEqual(Buffer.from(formatSignature(parseSignature(each))), each);
});

test('wholeName() completes a name, and takes none that a signature would not hold for', () => {
  assert.equal(wholeName('busybox:1'), 'docker.io/library/busybox:1');
  assert.throws(() => wholeName('quay.io/web'), { code: 'NAME_INVALID' });
});

test('an image that is named by tag and digest is signed under its tag: the one of the digest', async t => {
  const [good, other] = [sampleImage({ label: 'good' }), sampleImage({ label: 'other' })];
  const registry = await keepingRegistry(t);
  registry.keep('web', '1', other.manifest.bytes);
  registry.keep('web', '2', good.manifest.bytes);
  const { host } = registry.server;
  const path = await fileOf(t, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const signer = await sigstoreSigner({ path, passphrase: undefined }, { creator: 'podstead 1', nowMs: 0 });
  const { digest } = good.manifest;
  const references = [`${host}/web:1`, `${host}/web@${digest}`];
  for (const [at, name] of [`${host}/web:1@${digest}`, `${host}/web@${digest}`].entries()) {
    const place = parsePlace(`docker://${name}`);
    const signed = await signImage(place, openAccess(), { signers: [signer], reference: undefined });
    assert.deepEqual([signed.digest, signed.reference], [digest, references[at]]);
  }
  assert.deepEqual(
    registry.claims('web', digest),
    references.map(reference => ({ digest, reference })),
  );
  assert.deepEqual(registry.claims('web', other.manifest.digest), []);
});

test('readSecret() refuses what everybody can read, and what is too large', async t => {
  assert.equal(String(await readSecret(await fileOf(t, 'abc', 0o640), 'the key')), 'abc');
  await assert.rejects(readSecret(await fileOf(t, 'abc', 0o604), 'the key'), { code: 'KEY_INVALID' });
  await assert.rejects(readSecret(await fileOf(t, Buffer.alloc(1024 * 1024 + 1)), 'the key'), { code: 'KEY_INVALID' });
  await assert.rejects(readSecret('/nowhere', 'the key'), { code: 'KEY_INVALID' });
  assert.equal(await readPassphrase(await fileOf(t, 'one two \r\nthree')), 'one two ');
});

for (const [kind, pair] of Object.entries(keyPairs)) {
  test(`readSigstoreKey() reads a key of ${kind} as cosign writes it, and as PEM`, async t => {
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    const locked = pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' });
    const files = [
      cosignKeyFile(pair.privateKey, 'p'),
      cosignKeyFile(pair.privateKey, 'p', { frame: 'COSIGN', cost: 32_768 }),
      String(pem),
      String(locked),
    ];
    for (const file of files) {
      const read = await readSigstoreKey({ path: await fileOf(t, file), passphrase: 'p' });
      assert.ok(read.equals(pair.privateKey));
    }
  });
}

test('readSigstoreKey() takes an empty passphrase, which cosign allows', async t => {
  const path = await fileOf(t, cosignKeyFile(privateKey, ''));
  assert.ok((await readSigstoreKey({ path, passphrase: '' })).equals(privateKey));
  await assert.rejects(readSigstoreKey({ path, passphrase: undefined }), {
    code: 'KEY_INVALID',
    message: /passphrase/,
  });
});

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
const kdf = (params: object, name = 'scrypt'): object => ({ kdf: { name, params, salt: 'AAAA' } });
const broken: readonly (readonly [string, string, RegExp])[] = [
  ['a wrong passphrase', cosignKeyFile(privateKey, 'another'), /the passphrase does not open it/],
  [
    'locked PEM of another passphrase',
    String(privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' })),
    /the passphrase/,
  ],
  [
    'scrypt with more memory than any key needs',
    cosignKeyFile(privateKey, 'p', { changed: kdf({ N: 2 ** 30, r: 8, p: 1 }) }),
    /a way that/,
  ],
  ['scrypt with an odd cost', cosignKeyFile(privateKey, 'p', { changed: kdf({ N: 1000, r: 8, p: 1 }) }), /a way that/],
  ['scrypt without end', cosignKeyFile(privateKey, 'p', { changed: kdf({ N: 2, r: 1, p: 2 ** 20 }) }), /a way that/],
  ['another way to lock', cosignKeyFile(privateKey, 'p', { changed: kdf({}, 'argon2') }), /a way that/],
  [
    'half a nonce',
    cosignKeyFile(privateKey, 'p', { changed: { cipher: { name: 'nacl/secretbox', nonce: 'AAAA' } } }),
    /a way that/,
  ],
  ['changed bytes', cosignKeyFile(privateKey, 'p', { changed: { ciphertext: 'A'.repeat(200) } }), /the passphrase/],
  ['nothing', '', /expected a private key/],
  ['a public key', String(keyPairs.RSA.publicKey.export({ type: 'spki', format: 'pem' })), /expected a private key/],
  ['a key of X25519', String(generateKeyPairSync('x25519').privateKey.export(pkcs8)), /found x25519/],
];
for (const [name, content, message] of broken) {
  test(`readSigstoreKey() refuses ${name}`, async t => {
    const path = await fileOf(t, content);
    await assert.rejects(readSigstoreKey({ path, passphrase: 'p' }), { code: 'KEY_INVALID', message });
  });
}
