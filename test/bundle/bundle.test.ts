import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { imageArchive, storedName } from '../../src/bundle/archive.ts';
import { type Part, readContents, writeContents } from '../../src/bundle/contents.ts';
import type { Fetched } from '../../src/bundle/fetch.ts';
import { openBundle } from '../../src/bundle/open.ts';
import { removeTree } from '../../src/bundle/remove.ts';
import { unpackManifests } from '../../src/bundle/unpack.ts';
import { verifyBundle } from '../../src/bundle/verify.ts';
import { writeBundle } from '../../src/bundle/write.ts';
import { blobPath } from '../../src/image/layout.ts';
import { type ImageManifest, parseManifest } from '../../src/image/manifest.ts';
import { type TarMember, tarStream } from '../../src/image/tar.ts';
import { contextsIn } from '../../src/manifest/image-build.ts';
import type { SourceFile } from '../../src/model/source.ts';
import { type Blob, blobOf, type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';

const { signal } = new AbortController();
const quiet = {
  ...{ bases: [], signal, onProgress: () => undefined },
  contextsIn: async (file: SourceFile) => contextsIn(file),
};

let dir = '';
let count = 0;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pdb-'));
});
after(() => rm(dir, { recursive: true, force: true }));

const fresh = (): string => join(dir, `${++count}`);

/** Writes the blobs of images as a create leaves them. */
async function fetched(...images: readonly SampleImage[]): Promise<string> {
  const directory = fresh();
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true });
  for (const { config, layers } of images) {
    for (const { digest, bytes } of [config, ...layers]) await writeFile(join(directory, blobPath(digest)), bytes);
  }
  return directory;
}

function named(reference: string, { manifest }: SampleImage, top: Fetched['top'] = manifest): Fetched {
  return { reference, from: `docker://${reference}`, top, image: manifest };
}

const words = { platform: 'linux/amd64', revision: 'abc', manifests: [], base: undefined };

/** A bundle by hand, of whatever parts. */
async function forged(
  parts: readonly Part[],
  files: Readonly<Record<string, string>>,
  more: object = {},
): Promise<string> {
  const contents = {
    format: 1,
    platform: 'linux/amd64',
    revision: 'abc',
    base: undefined,
    images: [],
    parts,
    absent: [],
  } as const;
  const all = { ...files, 'bundle.json': Buffer.from(writeContents({ ...contents, ...more })).toString() };
  const path = fresh();
  const members = Object.entries(all).map(([name, text]): TarMember => {
    const bytes = Buffer.from(text);
    return { type: 'file', path: name, mode: 0o644, size: bytes.length, content: () => bytesOf(bytes) };
  });
  await writeFile(path, await collect(tarStream(members)));
  return path;
}

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function fileAt(path: string, text: string): Part {
  return { type: 'file', path, mode: 0o644, size: Buffer.byteLength(text), digest: blobOf(text).digest };
}

describe('a bundle', () => {
  test('is read as it was written: images, an index, long names, and every byte', async () => {
    const image = sampleImage();
    const index = sampleIndex({ amd64: image, arm64: sampleImage({ architecture: 'arm64' }) });
    const directory = await fetched(image);
    const long = `${'d'.repeat(120)}/${'ü'.repeat(60)}.yaml`;
    await mkdir(join(directory, 'manifests', 'd'.repeat(120)), { recursive: true });
    await writeFile(join(directory, 'manifests', long), 'kind: Pod');
    const path = fresh();
    const manifests = [{ ...fileAt(long, 'kind: Pod'), mode: 0o600 }] as readonly Part[];
    const images = [named('quay.io/a/b:1', image, index), named('quay.io/a/c:1', image)];
    const { digest } = await writeBundle(path, { ...words, directory, images, manifests }, signal);
    const bundle = await openBundle(path);
    assert.equal(bundle.digest, digest);
    const [first, second] = await verifyBundle(bundle, quiet);
    assert.deepEqual([first?.top.digest, first?.image.digest], [index.digest, image.manifest.digest]);
    assert.deepEqual([second?.top.digest, second?.absent], [image.manifest.digest, []]);
    const to = join(fresh(), 'manifests');
    await unpackManifests(bundle, to);
    assert.equal(await readFile(join(to, long), 'utf8'), 'kind: Pod');
    assert.equal((await stat(join(to, long))).mode & 0o777, 0o600);
    await assert.rejects(writeBundle(path, { ...words, directory, images, manifests }, signal), {
      code: 'TARGET_TAKEN',
    });
  });

  test('leaves out what its base has, and lists it; another base makes it whole', async () => {
    const [one, two] = [sampleImage(), sampleImage()];
    const shared = { ...two, manifest: one.manifest };
    const base = fresh();
    await writeBundle(base, { ...words, directory: await fetched(one), images: [named('a.io/one:1', one)] }, signal);
    const opened = await openBundle(base);
    const path = fresh();
    const has = (digest: string): boolean => opened.file(blobPath(digest)) !== undefined;
    const directory = await fetched({ ...one, layers: [] }, two);
    const images = [named('a.io/one:2', shared), named('a.io/two:1', two)];
    await writeBundle(path, { ...words, directory, images, base: { digest: opened.digest, has } }, signal);
    const bundle = await openBundle(path);
    assert.equal(bundle.contents.base, opened.digest);
    assert.deepEqual(
      bundle.contents.absent.map(each => each.digest).sort(),
      one.layers.map(each => each.digest).sort(),
    );
    const [alone] = await verifyBundle(bundle, quiet);
    assert.deepEqual(
      alone?.absent.map(each => each.digest),
      one.layers.map(each => each.digest),
    );
    const [whole] = await verifyBundle(bundle, { ...quiet, bases: [opened] });
    assert.deepEqual(whole?.absent, []);
    assert.ok(whole !== undefined);
    const archive = await collect(imageArchive(whole, [bundle, opened]));
    for (const { bytes } of one.layers) assert.ok(archive.includes(bytes));
  });

  test('has its layers of zstd held against what their image says, too', async () => {
    const image = sampleImage();
    const other = sampleImage();
    for (const [diffIds, message] of [
      [image.config, undefined],
      [other.config, /it is not what its image says/],
    ] as const) {
      const layers = image.layers.map(({ bytes }) =>
        blobOf(execFileSync('sh', ['-c', 'zcat | zstd -q'], { input: bytes })),
      );
      const document = JSON.parse(image.manifest.bytes.toString());
      document.config = { ...document.config, digest: diffIds.digest, size: diffIds.bytes.length };
      document.layers = layers.map(({ digest, bytes }) => {
        return { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest, size: bytes.length };
      });
      const manifest = parseManifest(Buffer.from(JSON.stringify(document)), undefined, 'the sample');
      assert.ok(manifest.kind === 'image');
      const packed = { manifest, config: diffIds, layers };
      const path = fresh();
      const images = [named('a.io/one:1', packed)];
      await writeBundle(path, { ...words, directory: await fetched(packed), images }, signal);
      const verified = verifyBundle(await openBundle(path), quiet);
      if (message === undefined) assert.equal((await verified).length, 1);
      else await assert.rejects(verified, { code: 'CONTENT_WRONG', message });
    }
  });

  test('a fetched blob that is not what its name says makes no bundle', async () => {
    const image = sampleImage();
    const directory = await fetched(image);
    const [layer] = image.layers;
    await writeFile(join(directory, blobPath(layer?.digest ?? '')), Buffer.alloc(layer?.bytes.length ?? 0));
    const path = fresh();
    await assert.rejects(writeBundle(path, { ...words, directory, images: [named('a.io/a:1', image)] }, signal), {
      code: 'CONTENT_WRONG',
    });
    assert.ok(!(await readdir(dir)).some(name => name.includes(`${count}`) && name.endsWith('.tmp')));
  });
});

describe('a hostile bundle is refused when it is opened', () => {
  const text = 'kind: Pod';
  const bad: Readonly<Record<string, readonly Part[]>> = {
    'a path that leads out': [fileAt('manifests/../../etc/passwd', text)],
    'an absolute path': [fileAt('/etc/passwd', text)],
    'a path with an empty part': [fileAt('manifests//a.yaml', text)],
    'a path with a NUL': [fileAt('manifests/a\0.yaml', text)],
    'a path that no bundle has': [fileAt('elsewhere/a.yaml', text)],
    'one path twice': [fileAt('manifests/a.yaml', text), fileAt('manifests/a.yaml', text)],
    'a file below a file': [fileAt('manifests/a', text), fileAt('manifests/a/b.yaml', text)],
    'a file below a link': [
      fileAt('manifests/web/Containerfile', text),
      { type: 'link', path: 'manifests/web/etc', target: '/etc' },
      fileAt('manifests/web/etc/passwd', text),
    ],
    'a directory for blobs': [{ type: 'directory', path: 'blobs/sha256', mode: 0o777 }],
    'a set-user-ID bit': [{ ...fileAt('manifests/web/run', text), mode: 0o4755 } as Part],
    'a file that is not there': [fileAt('manifests/b.yaml', text)],
    'a file of another size': [fileAt('manifests/a.yaml', `${text} `)],
  };
  for (const [what, parts] of Object.entries(bad)) {
    test(what, async () => {
      const isThere = what !== 'a file that is not there';
      const files = isThere ? Object.fromEntries(parts.map(({ path }) => [path.replace('\0', ''), text])) : {};
      await assert.rejects(openBundle(await forged(parts, files)), { code: 'LAYOUT_INVALID' });
      // Not by what the archive holds, but by what it says.
      const isSaid = /path|twice|below|link|directory|bit/.test(what);
      const read = (): unknown =>
        readContents(writeContents({ ...words, format: 1, images: [], absent: [], parts }), 'it');
      if (isSaid) assert.throws(read, { code: 'LAYOUT_INVALID' });
    });
  }

  test('a file that it does not name', async () => {
    await assert.rejects(openBundle(await forged([], { 'manifests/extra.yaml': text })), /does not name its file/);
  });

  test('another format', async () => {
    await assert.rejects(openBundle(await forged([], {}, { format: 2 })), /expected a bundle of format 1/);
  });

  test('no archive, a compressed one, and one that is cut short', async () => {
    const path = await forged([fileAt('manifests/a.yaml', text)], { 'manifests/a.yaml': text });
    await openBundle(path);
    const bytes = await readFile(path);
    for (const wrong of [Buffer.from('x'.repeat(2000)), gzipSync(bytes), bytes.subarray(0, 700), Buffer.alloc(0)]) {
      await writeFile(path, wrong);
      await assert.rejects(openBundle(path), { code: 'LAYOUT_INVALID' });
    }
  });

  test('links in what an image is built from are made as they are, and never written through', async () => {
    const path = await forged(
      [fileAt('manifests/web/Containerfile', text), { type: 'link', path: 'manifests/web/out', target: '/etc' }],
      { 'manifests/web/Containerfile': text },
    );
    const to = join(fresh(), 'manifests');
    const bundle = await openBundle(path);
    await verifyBundle(bundle, quiet);
    await unpackManifests(bundle, to);
    assert.equal(await readlink(join(to, 'web/out')), '/etc');
  });
});

describe('links of a bundle are refused where they would be followed', () => {
  const build = `apiVersion: podstead.dev/v1alpha1
kind: ImageBuild
metadata: {name: site}
spec: {context: web, steps: [{from: {image: scratch}}, {commit: {tags: [site]}}]}`;
  const linked = (link: string, target: string, manifest = build): Promise<string> =>
    forged([fileAt('manifests/deep/site.yaml', manifest), { type: 'link', path: `manifests/${link}`, target }], {
      'manifests/deep/site.yaml': manifest,
    });
  const bad = [
    ['among manifests', 'a.yaml', '/etc/shadow'],
    ['beside the context of an ImageBuild', 'deep/website/a', 'b'],
    ['that is the context itself', 'deep/web', 'other'],
    ['in a context, to an absolute path', 'deep/web/a.yaml', '/etc/shadow'],
    ['in a context, out of it', 'deep/web/in/a.yaml', '../../../etc'],
    ['in a context, out of it by way of another link', 'deep/web/a', 'in/../..'],
  ] as const;
  for (const [what, link, target] of bad) {
    test(what, async () => {
      const bundle = await openBundle(await linked(link, target));
      await assert.rejects(verifyBundle(bundle, quiet), { code: 'LAYOUT_INVALID', message: /is a link outside of/ });
    });
  }

  test('and are taken within the context of an ImageBuild, whether they lead anywhere or not', async () => {
    for (const target of ['b', './b', '../web2', 'deeper/c', '..']) {
      const path = await linked('deep/web/in/a', target);
      await verifyBundle(await openBundle(path), quiet);
      const other = await openBundle(await linked('deep/web/in/a', target, 'kind: Pod'));
      await assert.rejects(verifyBundle(other, quiet), { code: 'LAYOUT_INVALID' });
    }
  });
});

describe('a bundle whose bytes are not what they say is refused when it is verified', () => {
  async function bundleOf(image: SampleImage): Promise<string> {
    const path = fresh();
    await writeBundle(path, { ...words, directory: await fetched(image), images: [named('a.io/a:1', image)] }, signal);
    return path;
  }

  /** The same image with another first layer, which its manifest names. */
  function withLayer(image: SampleImage, layer: Blob): SampleImage {
    const document = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    document.layers[0] = { ...document.layers[0], digest: layer.digest, size: layer.bytes.length };
    const manifest = parseManifest(Buffer.from(JSON.stringify(document)), undefined, 'the sample') as ImageManifest;
    return { ...image, manifest, layers: [layer, ...image.layers.slice(1)] };
  }

  test('each byte, wherever it lies', async () => {
    const path = await bundleOf(sampleImage());
    const bytes = await readFile(path);
    const bundle = await openBundle(path);
    for (const part of bundle.contents.parts) {
      if (part.type !== 'file') continue;
      const start = bytes.indexOf(`${part.path}\0`) + 512;
      const wrong = Buffer.from(bytes);
      wrong[start + part.size - 1] = (wrong[start + part.size - 1] ?? 0) ^ 1;
      await writeFile(path, wrong);
      await assert.rejects(verifyBundle(await openBundle(path), quiet), { name: 'ImageError' }, part.path);
    }
  });

  test('a layer that its configuration does not know', async () => {
    const image = withLayer(sampleImage(), blobOf(gzipSync(Buffer.alloc(2048, 'x'))));
    await assert.rejects(verifyBundle(await openBundle(await bundleOf(image)), quiet), /not what its image says/);
  });

  for (const padding of [100, 900_000]) {
    test(`a wrong byte among ${padding} behind the end of the gzip of a layer`, async () => {
      const image = sampleImage();
      const first = image.layers[0]?.bytes ?? Buffer.alloc(0);
      const padded = blobOf(Buffer.concat([first, Buffer.alloc(padding)]));
      const path = await bundleOf(withLayer(image, padded));
      const bytes = await readFile(path);
      bytes[bytes.indexOf(padded.bytes) + padded.bytes.length - 1] = 1;
      await writeFile(path, bytes);
      await assert.rejects(verifyBundle(await openBundle(path), quiet), { code: 'CONTENT_WRONG' });
    });
  }

  test('a layer that is neither there nor said to be in a base', async () => {
    const image = sampleImage();
    const path = fresh();
    const has = (digest: string): boolean => digest === image.layers[0]?.digest;
    const base = { digest: blobOf('base').digest, has };
    await writeBundle(
      path,
      { ...words, directory: await fetched(image), images: [named('a.io/a:1', image)], base },
      signal,
    );
    const bundle = await openBundle(path);
    const lying = { ...bundle, contents: { ...bundle.contents, absent: [] } };
    await assert.rejects(verifyBundle(lying, quiet), /lacks the layer/);
  });
});

test('removeTree() removes directories that may not be written to, for whoever has them', async t => {
  if (process.getuid?.() !== 0) return t.skip('it takes root to be somebody else');
  const directory = fresh();
  await mkdir(join(directory, 'a/b'), { recursive: true });
  await writeFile(join(directory, 'a/b/file'), '');
  const nobody = 65_534;
  for (const each of ['', 'a', 'a/b', 'a/b/file']) await chown(join(directory, each), nobody, nobody);
  for (const each of ['a/b', 'a']) await chmod(join(directory, each), 0o555);
  await chmod(dir, 0o777);
  process.seteuid?.(nobody);
  try {
    await removeTree(directory);
  } finally {
    process.seteuid?.(0);
  }
  assert.ok(!(await readdir(dir)).includes(basename(directory)));
  await removeTree(directory);
});

test('storedName() is how engines keep a name: whole, and a digest without its tag', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  assert.equal(storedName('busybox'), 'docker.io/library/busybox:latest');
  assert.equal(storedName('quay.io/a/b:1'), 'quay.io/a/b:1');
  assert.equal(storedName(`quay.io/a/b:1@${digest}`), `quay.io/a/b@${digest}`);
});
