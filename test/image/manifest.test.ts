import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checked, digestOf, isDigest } from '../../src/image/digest.ts';
import { ImageError } from '../../src/image/failure.ts';
import { largestDocument, parseManifest } from '../../src/image/manifest.ts';
import { dockerList, dockerManifest, ociIndex, ociManifest } from '../../src/image/media.ts';
import { choose, hostPlatform, parsePlatform } from '../../src/image/platform.ts';
import { check } from '../arbitraries/property.ts';
import { blobOf, sampleImage, sampleIndex } from './samples.ts';

const bytesOf = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
const good = { mediaType: 'application/x', digest: `sha256:${'a'.repeat(64)}`, size: 1 };
const image = { schemaVersion: 2, mediaType: ociManifest, config: good, layers: [good] };
const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [good] };

test('parseManifest() keeps the bytes, and the digest is theirs', () => {
  const bytes = Buffer.from(` ${JSON.stringify(image)}\n`);
  const manifest = parseManifest(bytes, undefined, 'it');
  assert.equal(manifest.digest, digestOf(bytes));
  assert.equal(Buffer.compare(manifest.bytes, bytes), 0);
});

const types = [
  ['of itself', { ...image, mediaType: dockerManifest }, ociManifest, dockerManifest],
  ['of what came beside it', { ...image, mediaType: undefined }, `${dockerManifest}; charset=utf-8`, dockerManifest],
  ['of its parts where nobody says', { ...image, mediaType: undefined }, 'text/plain', ociManifest],
  ['of an index', { ...index, mediaType: undefined }, undefined, ociIndex],
  ["of Docker's list", { ...index, mediaType: dockerList }, undefined, dockerList],
] as const;
for (const [name, document, told, want] of types) {
  test(`parseManifest() takes the media type ${name}`, () => {
    assert.equal(parseManifest(bytesOf(document), told, 'it').mediaType, want);
  });
}

const refused: readonly (readonly [string, unknown, RegExp])[] = [
  ['no JSON', undefined, /expected JSON/],
  ['a list', [], /expected an object/],
  ['another schema', { ...image, schemaVersion: 3 }, /schemaVersion 2/],
  ["Docker's schema 1", { schemaVersion: 1, fsLayers: [] }, /schema 1/],
  ['an unknown media type', { ...image, mediaType: 'text/html' }, /text\/html/],
  ['a media type that is no text', { ...image, mediaType: {} }, /media type/],
  ['an image that is an index too', { ...image, manifests: [] }, /parts of an index/],
  ['an index that is an image too', { ...index, layers: [] }, /parts of an image/],
  ['no configuration', { ...image, config: undefined }, /"config"/],
  ['layers that are no list', { ...image, layers: {} }, /list in "layers"/],
  [
    'a digest with a path in it',
    { ...image, layers: [{ ...good, digest: 'sha256:../../etc' }] },
    /digest in "layers\[0\]"/,
  ],
  ['a digest of an unknown algorithm', { ...image, config: { ...good, digest: `md5:${'a'.repeat(32)}` } }, /digest/],
  ['a size below nothing', { ...image, config: { ...good, size: -1 } }, /size in "config"/],
  ['a size that is no number', { ...image, config: { ...good, size: '1' } }, /size/],
];
for (const [name, document, message] of refused) {
  test(`parseManifest() refuses ${name}`, () => {
    const bytes = document === undefined ? Buffer.from('<html>') : bytesOf(document);
    assert.throws(() => parseManifest(bytes, ociManifest, 'it'), { code: 'MANIFEST_INVALID', message });
  });
}

test('parseManifest() refuses a manifest beyond its limits before it reads it', () => {
  const deep = Buffer.from(`{"schemaVersion":2,"x":${'['.repeat(1000)}${']'.repeat(1000)}}`);
  assert.throws(() => parseManifest(deep, undefined, 'it'), { code: 'MANIFEST_INVALID', message: /nested deeper/ });
  const large = Buffer.alloc(largestDocument + 1, ' ');
  assert.throws(() => parseManifest(large, undefined, 'it'), { code: 'MANIFEST_INVALID', message: /more than/ });
  const text = bytesOf({ ...image, annotations: { note: '['.repeat(1000) } });
  assert.equal(parseManifest(text, undefined, 'it').kind, 'image', 'brackets in a text are no levels');
});

test('parseManifest() says what a media type is that is no text, also one that JavaScript makes no text of', () => {
  const read = (mediaType: unknown) => () => parseManifest(bytesOf({ ...image, mediaType }), undefined, 'it');
  assert.throws(read({ toString: null }), { code: 'MANIFEST_INVALID', message: /media type \{"toString":null\}/ });
  assert.throws(read('text/plain'), { code: 'MANIFEST_INVALID', message: /media type "text\/plain"/ });
});

test('parseManifest() throws nothing but its own error, whatever the document', () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant(good));
  const documents = fc.record(
    { schemaVersion: fc.constantFrom(1, 2), mediaType: value, config: value, layers: value, manifests: value },
    { requiredKeys: ['schemaVersion'] },
  );
  check(
    fc.property(documents, document => {
      try {
        parseManifest(bytesOf(document), undefined, 'it');
      } catch (error) {
        assert.ok(error instanceof ImageError, String(error));
      }
    }),
  );
});

test('isDigest() takes no digest that could lead elsewhere as a file', () => {
  assert.ok(isDigest(good.digest));
  assert.ok(isDigest(`sha512:${'0'.repeat(128)}`));
  for (const text of [
    '',
    'sha256:',
    'sha256:..',
    `sha256:${'g'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    `toString:`,
    1,
  ]) {
    assert.ok(!isDigest(text), String(text));
  }
});

async function* chunks(...all: readonly Buffer[]): AsyncGenerator<Buffer, void> {
  yield* all;
}

async function read(content: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of content) all.push(chunk);
  return Buffer.concat(all).toString();
}

test('checked() passes on what is expected, and fails at the end where it was not', async () => {
  const { digest, bytes } = blobOf('hello');
  const halves = [bytes.subarray(0, 2), bytes.subarray(2)];
  assert.equal(await read(checked(chunks(...halves), { digest, size: 5 }, 'it')), 'hello');
  assert.equal(await read(checked(chunks(bytes), { digest, size: undefined }, 'it')), 'hello');
  const wrong = { code: 'CONTENT_WRONG' };
  await assert.rejects(read(checked(chunks(Buffer.from('hallo')), { digest, size: 5 }, 'it')), wrong);
  await assert.rejects(read(checked(chunks(bytes), { digest, size: 6 }, 'it')), wrong);
  await assert.rejects(read(checked(chunks(bytes), { digest, size: 4 }, 'it')), { message: /more than 4 bytes/ });
});

test('choose() takes the very variant, else the first of the architecture, and says what there is', () => {
  const of = (architecture: string, variant?: string): object => {
    return { ...good, platform: { os: 'linux', architecture, variant } };
  };
  const manifests = [of('amd64'), of('arm', 'v6'), of('arm', 'v7'), { ...good }];
  const many = parseManifest(bytesOf({ ...index, manifests }), undefined, 'it');
  assert.ok(many.kind === 'index');
  const variant = (text: string): string | undefined => choose(many, parsePlatform(text), 'it').platform?.variant;
  assert.equal(variant('linux/arm/v7'), 'v7');
  assert.equal(variant('linux/arm'), 'v6');
  assert.equal(variant('linux/amd64'), undefined);
  const missing = { code: 'PLATFORM_MISSING', hint: 'It is there for linux/amd64, linux/arm/v6, linux/arm/v7' };
  assert.throws(() => choose(many, parsePlatform('windows/amd64'), 'it'), missing);
  assert.throws(() => choose(many, parsePlatform('linux/arm/v8'), 'it'), missing);
  assert.throws(() => parsePlatform('amd64'), { code: 'NAME_INVALID' });
  assert.deepEqual(hostPlatform('x64'), parsePlatform('linux/amd64'));
});

test('an index of samples finds its images', () => {
  const [amd64, arm64] = [sampleImage(), sampleImage({ architecture: 'arm64' })];
  const both = sampleIndex({ amd64, arm64 });
  assert.equal(choose(both, parsePlatform('linux/arm64'), 'it').digest, arm64.manifest.digest);
});
