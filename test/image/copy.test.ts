import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Copied, type CopyOptions, copyImage } from '../../src/image/copy.ts';
import { type Descriptor, parseManifest } from '../../src/image/manifest.ts';
import { ociManifest } from '../../src/image/media.ts';
import { inParallel } from '../../src/image/parallel.ts';
import { parsePlatform } from '../../src/image/platform.ts';
import { type ImageSource, openSource } from '../../src/image/source.ts';
import { openTarget } from '../../src/image/target.ts';
import { parsePlace } from '../../src/image/transport.ts';
import { unpack } from '../../src/image/unpack.ts';
import type { Progress } from '../../src/model/event.ts';
import { blobOf, descriptorOf, type SampleImage, sampleImage, tarOf } from './samples.ts';
import { openAccess, type Server, serve } from './server.ts';

const access = openAccess();
const options: CopyOptions = {
  all: false,
  platform: parsePlatform('linux/amd64'),
  preserveDigests: false,
  onProgress: () => undefined,
  signal: new AbortController().signal,
};

async function scratch(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pdz-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A registry with one image, that may send other bytes for one blob. */
async function registryOf(t: TestContext, image: SampleImage, lies: ReadonlyMap<string, Buffer>): Promise<Server> {
  const blobs = new Map([image.config, ...image.layers].map(({ digest, bytes }) => [digest, bytes]));
  return serve(t, (request, response) => {
    const path = request.url ?? '';
    if (path.includes('/manifests/')) {
      response.writeHead(200, { 'content-type': ociManifest });
      return void response.end(image.manifest.bytes);
    }
    const digest = path.split('/').at(-1) ?? '';
    const bytes = lies.get(digest) ?? blobs.get(digest);
    if (bytes === undefined) response.writeHead(404).end();
    else response.end(bytes);
  });
}

async function copy(from: string, to: string, more: Partial<CopyOptions> = {}): Promise<Copied> {
  const source = await openSource(parsePlace(from), access);
  try {
    const target = await openTarget(parsePlace(to), access);
    try {
      return await copyImage(source, target, { ...options, ...more });
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

const targets = ['oci:image:1', 'oci-archive:image.tar:1', 'dir:image', 'docker-archive:image.tar:x'];
for (const name of targets) {
  test(`a blob of wrong bytes leaves nothing at ${name} that looks whole`, async t => {
    const dir = await scratch(t);
    const image = sampleImage({ sizes: [100_000, 100_000] });
    const [layer] = image.layers;
    assert.ok(layer);
    const server = await registryOf(t, image, new Map([[layer.digest, gzipSync(randomBytes(layer.bytes.length))]]));
    const place = name.replace(/:(image[^:]*)/, `:${join(dir, '$1')}`);
    await assert.rejects(copy(`docker://${server.host}/a:1`, place), { code: 'CONTENT_WRONG' });
    await assert.rejects(openSource(parsePlace(place), access).then(source => source.top()));
    const left = (await readdir(dir, { recursive: true })).filter(each => each !== 'image');
    assert.deepEqual(
      left.filter(
        each => each.includes(layer.digest.slice(7)) || each.endsWith('.tmp') || !each.startsWith('image/blobs'),
      ),
      [],
    );
  });
}

/** What a registry may do to a blob, but to send it. */
const attacks: Readonly<Record<string, (response: ServerResponse, bytes: Buffer) => void>> = {
  'of other bytes, as many': (response, bytes) => void response.end(randomBytes(bytes.length)),
  'cut short': (response, bytes) => void response.end(bytes.subarray(0, -1)),
  'too long': (response, bytes) => void response.end(Buffer.concat([bytes, Buffer.alloc(1)])),
  'cut off each time': (response, bytes) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1000), () => response.destroy());
  },
  'behind a redirect without end': response => void response.writeHead(302, { location: '/again' }).end(),
  'behind headers without end': response => void response.writeHead(200, { x: 'x'.repeat(200_000) }).end(),
};
for (const [what, attack] of Object.entries(attacks)) {
  test(`of an image with a blob ${what} nothing is stored that looks whole`, async t => {
    const image = sampleImage({ sizes: [100_000, 100_000] });
    const [layer] = image.layers;
    assert.ok(layer);
    const honest = await registryOf(t, image, new Map());
    const server = await serve(t, (request, response) => {
      const path = request.url ?? '';
      if (path === '/again' || path.endsWith(layer.digest)) return attack(response, layer.bytes);
      response.writeHead(307, { location: `http://${honest.host}${path}` }).end();
    });
    for (const name of targets) {
      const dir = await scratch(t);
      const place = name.replace(/:(image[^:]*)/, `:${join(dir, '$1')}`);
      await assert.rejects(copy(`docker://${server.host}/a:1`, place), { name: 'ImageError' });
      await assert.rejects(
        openSource(parsePlace(place), access).then(source => source.top()),
        { name: 'ImageError' },
      );
      const left = (await readdir(dir, { recursive: true })).filter(each => !each.startsWith('image/blobs'));
      assert.deepEqual(
        left.filter(each => each !== 'image'),
        [],
      );
      const blobs = await readdir(join(dir, 'image/blobs/sha256')).catch(() => []);
      assert.ok(!blobs.some(each => each.includes(layer.digest.slice(7)) || each.endsWith('.tmp')), blobs.join(' '));
    }
  });
}

test('blobs come six at once', { timeout: 60_000 }, async t => {
  const dir = await scratch(t);
  const image = sampleImage({ sizes: Array(12).fill(100) });
  const blobs = new Map([image.config, ...image.layers].map(({ digest, bytes }) => [digest, bytes]));
  let left = blobs.size;
  let held: (() => void)[] = [];
  // Nobody gets an answer before as many wait as are to wait at once.
  const server = await serve(t, (request, response) => {
    const path = request.url ?? '';
    if (path.includes('/manifests/')) {
      response.writeHead(200, { 'content-type': ociManifest });
      return void response.end(image.manifest.bytes);
    }
    held.push(() => response.end(blobs.get(path.split('/').at(-1) ?? '')));
    if (held.length < Math.min(6, left)) return;
    left -= held.length;
    for (const answer of held) answer();
    held = [];
  });
  const copied = await copy(`docker://${server.host}/a:1`, `oci:${join(dir, 'image')}`);
  assert.equal(copied.blobs.sent, 13);
});

test('inParallel() has so many under way and never more, and ends with the first that fails', async () => {
  const { signal } = options;
  let now = 0;
  let most = 0;
  const done: number[] = [];
  const work = async (item: number): Promise<void> => {
    now += 1;
    most = Math.max(most, now);
    await new Promise(setImmediate);
    now -= 1;
    if (item === 20) throw new Error('no more');
    done.push(item);
  };
  const items = [...Array(20).keys()];
  await inParallel(items, { atOnce: 6, signal }, work);
  assert.deepEqual([most, done.length], [6, 20]);
  await assert.rejects(inParallel([20, ...items, ...items], { atOnce: 6, signal }, work), { message: 'no more' });
  assert.ok(done.length < 40, String(done.length));
  assert.equal(now, 0, 'what was under way has ended');
});

test('a copy tells its bytes as they come: they never fall, and end at the total', async t => {
  const dir = await scratch(t);
  const image = sampleImage({ sizes: [200_000, 300_000] });
  const server = await registryOf(t, image, new Map());
  const seen: Progress[] = [];
  const { bytes } = await copy(`docker://${server.host}/a:1`, `oci:${join(dir, 'image')}`, {
    onProgress: progress => seen.push(progress),
  });
  const done = seen.map(({ doneBytes = 0 }) => doneBytes);
  assert.deepEqual(
    done,
    done.toSorted((a, b) => a - b),
  );
  assert.deepEqual(seen.at(-1), { message: '3 of 3 blobs are there', doneBytes: bytes, totalBytes: bytes });
});

test('a copy that is stopped ends, and leaves no file behind', async t => {
  const dir = await scratch(t);
  const image = sampleImage({ sizes: Array(20).fill(1000) });
  const server = await registryOf(t, image, new Map());
  const controller = new AbortController();
  const onProgress = (): void => controller.abort();
  const failed = copy(`docker://${server.host}/a:1`, `dir:${join(dir, 'image')}`, {
    onProgress,
    signal: controller.signal,
  });
  await assert.rejects(failed, { name: 'AbortError' });
  assert.deepEqual(await readdir(dir), []);
});

test('an index in an index ends, where every image is asked for', async t => {
  const dir = await scratch(t);
  const descriptor = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: '', size: 0 };
  const inner = blobOf(JSON.stringify({ schemaVersion: 2, mediaType: descriptor.mediaType, manifests: [] }));
  const entry = { ...descriptor, digest: inner.digest, size: inner.bytes.length };
  const outer = blobOf(JSON.stringify({ schemaVersion: 2, mediaType: descriptor.mediaType, manifests: [entry] }));
  const server = await serve(t, (request, response) => {
    response.writeHead(200, { 'content-type': descriptor.mediaType });
    response.end(request.url?.endsWith(inner.digest) ? inner.bytes : outer.bytes);
  });
  await assert.rejects(copy(`docker://${server.host}/a:1`, `oci:${join(dir, 'image')}`, { all: true }), {
    code: 'MANIFEST_INVALID',
    message: /an index in an index/,
  });
});

test('layers that nobody may redistribute stay where they are', async t => {
  const dir = await scratch(t);
  const image = sampleImage();
  const document = JSON.parse(image.manifest.bytes.toString());
  document.layers[0] = {
    ...document.layers[0],
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    urls: ['https://example.org/layer'],
  };
  const manifest = parseManifest(Buffer.from(JSON.stringify(document)), undefined, 'it');
  assert.ok(manifest.kind === 'image');
  const server = await registryOf(
    t,
    { ...image, manifest },
    new Map([[image.layers[0]?.digest ?? '', Buffer.alloc(0)]]),
  );
  const { blobs, digest } = await copy(`docker://${server.host}/a:1`, `oci:${join(dir, 'image')}`);
  assert.deepEqual([blobs.sent, digest], [2, manifest.digest]);
});

async function* all(chunks: readonly Buffer[]): AsyncGenerator<Buffer, void> {
  yield* chunks;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void> {
  yield bytes;
}

async function sizeOf(content: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of content) size += chunk.length;
  return size;
}

const gzipLayer = (bytes: Buffer): Descriptor => {
  return descriptorOf(blobOf(bytes), 'application/vnd.oci.image.layer.v1.tar+gzip');
};

test('unpack() gives a layer with its digest, and leaves one that is made to fill disks, or is no gzip', async () => {
  const plain = blobOf(randomBytes(5000));
  const packed = gzipSync(plain.bytes);
  const layer = unpack(gzipLayer(packed), once(packed));
  assert.equal(await sizeOf(layer.content), 5000);
  assert.equal(layer.digest(), plain.digest);
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  const failed = sizeOf(unpack(gzipLayer(bomb), once(bomb), 1_000_000).content);
  await assert.rejects(failed, { code: 'CONTENT_WRONG', message: /unpacks to more than/ });
  assert.equal(await sizeOf(unpack(gzipLayer(bomb), once(bomb)).content), 20_000_000, 'what is small in all is borne');
  for (const broken of [packed.subarray(0, 3000), plain.bytes]) {
    await assert.rejects(sizeOf(unpack(gzipLayer(broken), once(broken)).content), { code: 'CONTENT_WRONG' });
  }
});

const zstdLayer = (bytes: Buffer): Descriptor => {
  return descriptorOf(blobOf(bytes), 'application/vnd.oci.image.layer.v1.tar+zstd');
};
/** By the tool itself: nothing of what is tested has a part in it. */
const zstd = (bytes: Buffer, ...flags: readonly string[]): Buffer =>
  execFileSync('zstd', ['-q', '-c', ...flags], { input: bytes, maxBuffer: 1e9 });

test('unpack() gives a layer that zstd packed: several frames, any level, long windows, and what is passed over', async () => {
  const text = Buffer.from('all work and no play makes a dull layer\n'.repeat(40_000));
  const bytes = Buffer.concat([randomBytes(20_000), text, randomBytes(10), text]);
  const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const half = bytes.length >> 1;
  const streams: Readonly<Record<string, Buffer>> = {
    plain: zstd(bytes),
    'without a checksum': zstd(bytes, '--no-check'),
    fast: zstd(bytes, '--fast=5'),
    small: zstd(bytes, '-19'),
    long: zstd(bytes, '--long=27', '--ultra', '-22'),
    'of known size': zstd(bytes, `--stream-size=${bytes.length}`),
    frames: Buffer.concat([zstd(bytes.subarray(0, half)), skipped, zstd(Buffer.alloc(0)), zstd(bytes.subarray(half))]),
  };
  for (const [name, packed] of Object.entries(streams)) {
    for (const size of [packed.length, 1000, 7]) {
      const chunks = Array.from({ length: Math.ceil(packed.length / size) }, (_, i) =>
        packed.subarray(i * size, (i + 1) * size),
      );
      const layer = unpack(zstdLayer(packed), all(chunks));
      assert.equal(await sizeOf(layer.content), bytes.length, `${name} by ${size}`);
      assert.equal(layer.digest(), blobOf(bytes).digest, `${name} by ${size}`);
    }
  }
});

test('unpack() leaves a layer of zstd that is made to fill disks or memory, or that is broken', async () => {
  const packed = zstd(randomBytes(50_000));
  const bomb = zstd(Buffer.alloc(20_000_000));
  const failed = sizeOf(unpack(zstdLayer(bomb), once(bomb), 1_000_000).content);
  await assert.rejects(failed, { code: 'CONTENT_WRONG', message: /unpacks to more than/ });
  /** A frame of one block with one byte 128 KiB times. */
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, 0x03, 0x00, 0x10, 0x41]);
  const frames = Buffer.concat(Array(50_000).fill(frame));
  const before = process.memoryUsage().rss;
  await assert.rejects(sizeOf(unpack(zstdLayer(frames), once(frames), 1_000_000).content), {
    message: /unpacks to more than/,
  });
  assert.ok(process.memoryUsage().rss - before < 300e6, 'a header promised gigabytes, and got them');
  const wrong: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
    'a window of gigabytes': [
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 1, 0, 0]),
      /needs a window of 1073741824 bytes/,
    ],
    'a size of terabytes': [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0]), /needs a window/],
    'a block beyond its size': [
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, 0xfb, 0xff, 0xff, 0x41]),
      /has a block/,
    ],
    'its end missing': [packed.subarray(0, 30_000), /ends within a frame/],
    'nothing in it': [Buffer.alloc(0), /ends within a frame/],
    'other bytes': [randomBytes(100), /no zstd/],
    gzip: [gzipSync(packed), /no zstd/],
    'bytes behind it': [Buffer.concat([packed, Buffer.from('more')]), /ends within a frame|no zstd/],
  };
  for (const [name, [bytes, message]] of Object.entries(wrong)) {
    await assert.rejects(
      sizeOf(unpack(zstdLayer(bytes), once(bytes)).content),
      { code: 'CONTENT_WRONG', message },
      name,
    );
  }
  const text = zstd(Buffer.from('all work and no play makes a dull layer\n'.repeat(4000)));
  for (let at = 0; at < text.length; at++) {
    const broken = Buffer.from(text);
    broken[at] = (broken[at] ?? 0) ^ 0xff;
    const layer = unpack(zstdLayer(broken), once(broken));
    await sizeOf(layer.content).catch(error => assert.equal(error.code, 'CONTENT_WRONG', error.stack));
  }
});

test('a layer that unpacks to another than the configuration says is not saved', async t => {
  const dir = await scratch(t);
  const [image, other] = [sampleImage({ sizes: [100] }), sampleImage({ sizes: [100] })];
  const document = JSON.parse(image.manifest.bytes.toString());
  document.layers = JSON.parse(other.manifest.bytes.toString()).layers;
  const manifest = parseManifest(Buffer.from(JSON.stringify(document)), undefined, 'it');
  assert.ok(manifest.kind === 'image');
  const server = await registryOf(t, { manifest, config: image.config, layers: other.layers }, new Map());
  const failed = copy(`docker://${server.host}/a:1`, `docker-archive:${join(dir, 'image.tar')}:x`);
  await assert.rejects(failed, { code: 'CONTENT_WRONG', message: /a layer is not what the image says/ });
  assert.deepEqual(await readdir(dir), []);
});

/** A tar archive of files with any names. */
function archiveOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const all = Object.entries(files).map(([name, content]) => tarOf(name, content).subarray(0, -1024));
  return Buffer.concat([...all, Buffer.alloc(1024)]);
}

async function topOf(dir: string, archive: Buffer, transport: string): Promise<ImageSource> {
  await writeFile(join(dir, 'image.tar'), archive);
  const source = await openSource(parsePlace(`${transport}:${join(dir, 'image.tar')}`), access);
  await source.top();
  return source;
}

test('an archive of Docker that names files elsewhere reads nothing there', async t => {
  const dir = await scratch(t);
  await mkdir(join(dir, 'etc'));
  await writeFile(join(dir, 'etc/secret'), '{}');
  const names = ['../etc/secret', '/etc/hostname', join(dir, 'etc/secret'), 'config.json/../../etc/secret'];
  for (const Config of names) {
    const manifest = Buffer.from(JSON.stringify([{ Config, RepoTags: [], Layers: [] }]));
    const failed = topOf(dir, archiveOf({ 'manifest.json': manifest }), 'docker-archive');
    await assert.rejects(failed, { code: 'LAYOUT_INVALID', message: /no configuration/ });
  }
});

const damaged: readonly (readonly [string, Buffer, RegExp])[] = [
  ['is none', Buffer.from('hello'.repeat(200)), /expected a tar archive/],
  ['is empty', Buffer.alloc(0), /no OCI layout|no manifest/],
  ['is compressed', gzipSync(archiveOf({ x: Buffer.alloc(10) })), /it is compressed/],
  ['breaks off', archiveOf({ 'oci-layout': Buffer.alloc(5000) }).subarray(0, 2000), /in the middle of a file/],
  ['has no end of zeros', archiveOf({ x: Buffer.alloc(10) }).subarray(0, 1024), /no OCI layout|no manifest/],
  [
    'has a layout of another version',
    archiveOf({ 'oci-layout': Buffer.from('{"imageLayoutVersion":"2"}') }),
    /version 1|no manifest/,
  ],
];
for (const [name, archive, message] of damaged) {
  test(`an archive that ${name} is told`, async t => {
    const dir = await scratch(t);
    for (const transport of ['oci-archive', 'docker-archive']) {
      await assert.rejects(topOf(dir, archive, transport), { code: 'LAYOUT_INVALID', message });
    }
  });
}

test('a layout whose blob is another is told', async t => {
  const dir = await scratch(t);
  const image = sampleImage({ sizes: [100] });
  const server = await registryOf(t, image, new Map());
  const place = `oci:${join(dir, 'image')}:1`;
  await copy(`docker://${server.host}/a:1`, place);
  const blob = join(dir, 'image/blobs/sha256', image.layers[0]?.digest.slice(7) ?? '');
  assert.equal(dirname(blob), join(dir, 'image/blobs/sha256'));
  await writeFile(blob, randomBytes(image.layers[0]?.bytes.length ?? 0));
  await assert.rejects(copy(place, `dir:${join(dir, 'out')}`), { code: 'CONTENT_WRONG' });
  await rm(blob);
  await assert.rejects(copy(place, `dir:${join(dir, 'out')}`), { code: 'LAYOUT_INVALID' });
});
