import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { initializeCA } from '@sigstore/mock';
import { parseName } from '../../src/image/name.ts';
import { findStorage, type SignatureStorage } from '../../src/image/registries-d.ts';
import { certificatesIn } from '../../src/image/signature-bundle.ts';
import { claimTypes, readClaim } from '../../src/image/signature-claim.ts';
import { parseSignature } from '../../src/image/signature-store.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const critical = {
  type: claimTypes.simple,
  image: { 'docker-manifest-digest': digest },
  identity: { 'docker-reference': 'quay.io/a:1' },
};

test('readClaim() reads what containers/image and cosign sign', () => {
  const claim = { digest, reference: 'quay.io/a:1' };
  for (const optional of [{}, null, { creator: 'skopeo', timestamp: 1 }]) {
    assert.deepEqual(readClaim(Buffer.from(JSON.stringify({ critical, optional })), claimTypes.simple), claim);
  }
  const cosign = { critical: { ...critical, type: claimTypes.cosign } };
  assert.deepEqual(readClaim(Buffer.from(JSON.stringify(cosign)), claimTypes.cosign), claim);
});

const noClaims: readonly (readonly [string, unknown, RegExp])[] = [
  ['of another type', { critical: { ...critical, type: claimTypes.cosign } }, /it is of type "cosign container/],
  ['of a type that is no text', { critical: { ...critical, type: { toString: null } } }, /of type \{"toString":null\}/],
  ['with a field beside', { critical, more: 1 }, /no claim/],
  ['with a limit that nobody knows', { critical: { ...critical, until: 1 } }, /no claim/],
  ['without an image', { critical: { ...critical, image: {} } }, /names no image/],
  ['with two digests', { critical: { ...critical, image: { ...critical.image, other: digest } } }, /names no image/],
  ['without a name', { critical: { ...critical, identity: {} } }, /names no image/],
  ['with half a digest', { critical: { ...critical, image: { 'docker-manifest-digest': 'sha256:a' } } }, /names no/],
  ['that is no object', [critical], /no claim/],
];
for (const [name, document, why] of noClaims) {
  test(`readClaim() refuses a claim ${name}`, () => {
    const found = readClaim(Buffer.from(JSON.stringify(document)), claimTypes.simple);
    assert.ok(typeof found === 'string');
    assert.match(found, why);
  });
}

test('parseSignature() tells the kinds of signatures apart', () => {
  assert.equal(parseSignature(Buffer.from([0x90, 1])).kind, 'simple');
  const simple = parseSignature(Buffer.from('\0simple-signing\nabc'));
  assert.deepEqual(simple, { kind: 'simple', message: Buffer.from('abc') });
  const content = { mimeType: 'a/b', payload: 'AQID', annotations: { key: 'value' } };
  const sigstore = parseSignature(Buffer.from(`\0sigstore-json\n${JSON.stringify(content)}`));
  const payload = Buffer.from([1, 2, 3]);
  assert.deepEqual(sigstore, { kind: 'sigstore', mediaType: 'a/b', payload, annotations: { key: 'value' } });
  const later = Buffer.from('\0later\nabc');
  assert.deepEqual(parseSignature(later), { kind: 'other', name: 'later', bytes: later });
});

async function storageIn(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  name: string,
): Promise<SignatureStorage> {
  const directory = await mkdtemp(join(tmpdir(), 'pds-'));
  t.after(() => rm(directory, { recursive: true }));
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
  return findStorage(parseName(name), { directory, env: { HOME: '/home/ann' }, uid: 1000 });
}

const section = (address: string): string => `    lookaside: ${address}\n`;
const storages: readonly (readonly [string, string, string, string, boolean | undefined])[] = [
  [
    'nothing',
    '# default-docker:\n',
    'busybox',
    'file:///home/ann/.local/share/containers/sigstore/library/busybox',
    undefined,
  ],
  [
    'a default',
    'default-docker:\n  lookaside: https://s.example/\n',
    'quay.io/a/b',
    'https://s.example/a/b',
    undefined,
  ],
  [
    'the most exact',
    `docker:\n  quay.io:\n${section('file:///one')}  quay.io/a:\n${section('file:///two')}`,
    'quay.io/a/b:1',
    'file:///two/a/b',
    undefined,
  ],
  ['the older word', 'docker:\n  quay.io:\n    sigstore: file:///one\n', 'quay.io/a', 'file:///one/a', undefined],
  [
    'each where it is said',
    `docker:\n  quay.io/a:\n    use-sigstore-attachments: true\n  quay.io:\n${section('file:///one')}`,
    'quay.io/a',
    'file:///one/a',
    true,
  ],
];
for (const [name, text, image, lookaside, attachments] of storages) {
  test(`findStorage() takes ${name}`, async t => {
    const found = await storageIn(t, { 'a.yaml': text, 'b.conf': '[' }, image);
    assert.deepEqual(found, { lookaside, staging: lookaside, attachments });
  });
}

test('findStorage() has new signatures go where registries.d says, the older words after the newer', async t => {
  const words = ['sigstore', 'lookaside', 'sigstore-staging', 'lookaside-staging'];
  for (const [index, word] of words.entries()) {
    const lines = words.slice(0, index + 1).map(each => `    ${each}: file:///${each}\n`);
    const files = {
      'a.yaml': `default-docker:\n  lookaside-staging: file:///far\ndocker:\n  quay.io:\n${lines.join('')}`,
    };
    assert.equal((await storageIn(t, files, 'quay.io/a')).staging, `file:///${word}/a`);
  }
});

test('findStorage() refuses what is said twice, or cannot be read', async t => {
  const twice = { 'a.yaml': 'docker:\n  quay.io: {}\n', 'b.yaml': 'docker:\n  quay.io: {}\n' };
  for (const files of [
    twice,
    { 'a.yaml': '[' },
    { 'a.yaml': 'text' },
    { 'a.yaml': 'default-docker: {}', 'b.yaml': 'default-docker: {}' },
  ]) {
    await assert.rejects(storageIn(t, files, 'quay.io/a'), { code: 'TRUST_INVALID' });
  }
});

test('certificatesIn() reads each certificate of a text, blank lines in it or none', async () => {
  const { rootCertificate: der } = await initializeCA(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const body = der.toString('base64').replaceAll(/.{64}/g, '$&\n');
  const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
  assert.deepEqual(certificatesIn(`${pem(body)}${pem(`${body}\n\n`)}`), [der, der]);
  assert.deepEqual(certificatesIn('none'), []);
});
