import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { digestOf } from '../../src/image/digest.ts';
import { parseManifest } from '../../src/image/manifest.ts';
import { blobOf, type SampleImage, sampleImage, sampleIndex, tarOf } from '../image/samples.ts';
import { type PrivatePodman, privatePodman, type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, trySkopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const unpackers = { none: 'cat', gzip: 'zcat', zstd: 'zstdcat' } as const;

/** Words in an order that never repeats, as packing them well takes a high level. */
function prose(count: number): string {
  const words = Array.from({ length: 400 }, (_, index) =>
    digestOf(Buffer.from([index % 256, index >> 8])).slice(7, 10 + (index % 9)),
  );
  let state = 1;
  const next = (): string => {
    state = (state * 48_271) % 2_147_483_647;
    return words[state % words.length] ?? '';
  };
  return Array.from({ length: count }, next).join(' ');
}

describe('podstead image copy with layers that are packed otherwise', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let engine: PrivatePodman;
  let dir = '';
  let image: SampleImage;
  /** What its layers unpack to. */
  let diffIds: readonly string[] = [];
  before(async () => {
    server = await registry(cleaning);
    engine = await privatePodman(cleaning);
    dir = await scratch(cleaning);
    image = sampleImage({ sizes: [300_000, 10, 2000] });
    diffIds = JSON.parse(image.config.bytes.toString()).rootfs.diff_ids;
    const arm64 = sampleImage({ architecture: 'arm64' });
    await writeLayout(at('gzip'), '1', [image]);
    await writeLayout(at('zstd'), '1', [packed(image, 'zcat | zstd -q', '+zstd')]);
    await writeLayout(at('none'), '1', [packed(image, 'zcat', '')]);
    await writeLayout(at('both'), '1', [image, arm64], sampleIndex({ amd64: image, arm64 }));
  });

  const at = (name: string): string => join(dir, name);
  const podstead = (...args: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', ...args], {
      ...{ HOME: dir, STATE_DIRECTORY: join(dir, 'state'), RUNTIME_DIRECTORY: join(dir, 'run'), TMPDIR: dir },
      ...{ CONTAINER_HOST: engine.url },
    });
  const good = async (from: string, to: string, ...flags: readonly string[]): Promise<Ran> => {
    const ran = await podstead('copy', '--tls-verify=false', ...flags, from, to);
    assert.equal(ran.code, 0, `${from} to ${to}: ${ran.stderr}`);
    const left = (await readdir(dir)).filter(name => name.startsWith('podstead-'));
    assert.deepEqual(left, [], 'a layer was left behind');
    return ran;
  };
  const refused = async (from: string, to: string, ...flags: readonly string[]): Promise<string> => {
    const ran = await podstead('copy', '--tls-verify=false', ...flags, from, to);
    assert.equal(ran.code, 1, `${from} to ${to} ${flags.join(' ')}`);
    return ran.stderr;
  };
  const raw = (place: string, ...flags: readonly string[]): Promise<string> =>
    skopeo('inspect', ...(place.startsWith('docker:') ? ['--tls-verify=false'] : []), '--raw', ...flags, place);

  /** Every layer of an image in `dir:` is packed so, is what its name says, and unpacks to what it always did. */
  async function checkLayers(path: string, packing: keyof typeof unpackers): Promise<void> {
    const { layers } = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'));
    const suffix = { none: 'tar', gzip: 'tar+gzip', zstd: 'tar+zstd' }[packing];
    assert.equal(await raw(`dir:${path}`, '--config'), image.config.bytes.toString());
    for (const [index, { mediaType, digest, size }] of layers.entries()) {
      const bytes = await readFile(join(path, digest.slice('sha256:'.length)));
      assert.deepEqual([digestOf(bytes), bytes.length], [digest, size]);
      assert.equal(mediaType, `application/vnd.oci.image.layer.v1.${suffix}`);
      assert.equal(digestOf(execFileSync(unpackers[packing], { input: bytes })), diffIds[index]);
    }
  }

  for (const from of ['gzip', 'zstd'] as const) {
    test(`--dest-decompress makes of layers of ${from} what skopeo makes, file for file`, async () => {
      const [ours, theirs] = [at(`plain-${from}`), at(`plain-theirs-${from}`)];
      await good(`oci:${at(from)}:1`, `dir:${ours}`, '--dest-decompress');
      await skopeo('copy', '-q', '--dest-decompress', `oci:${at(from)}:1`, `dir:${theirs}`);
      await checkLayers(ours, 'none');
      const names = (await readdir(theirs)).sort();
      assert.deepEqual((await readdir(ours)).sort(), names);
      for (const name of names) {
        assert.ok((await readFile(join(ours, name))).equals(await readFile(join(theirs, name))), name);
      }
    });
  }

  test('--dest-compress packs what is not packed, and nothing else; skopeo reads it', async () => {
    await good(`oci:${at('none')}:1`, `dir:${at('packed')}`, '--dest-compress');
    await checkLayers(at('packed'), 'gzip');
    await skopeo('copy', '-q', `dir:${at('packed')}`, `oci:${at('check-packed')}:1`);
    for (const from of ['gzip', 'zstd']) {
      await good(`oci:${at(from)}:1`, `dir:${at(`left-${from}`)}`, '--dest-compress', '--preserve-digests');
      assert.equal(await raw(`dir:${at(`left-${from}`)}`), await raw(`oci:${at(from)}:1`));
    }
  });

  test('--dest-compress-format packs every layer so, and the same again; podman and skopeo take it', async () => {
    for (const [from, format] of [
      ['gzip', 'zstd'],
      ['none', 'zstd'],
      ['zstd', 'gzip'],
      ['none', 'gzip'],
    ] as const) {
      const name = `${from}-as-${format}`;
      await good(`oci:${at(from)}:1`, `dir:${at(name)}`, '--dest-compress-format', format);
      await checkLayers(at(name), format);
      const to = `docker://${server.host}/${name}:1`;
      const { stdout } = await good(`oci:${at(from)}:1`, to, '--dest-compress-format', format, '-o', 'json');
      assert.equal(JSON.parse(stdout).Digest, digestOf(await readFile(join(at(name), 'manifest.json'))));
      await skopeo('copy', '-q', '--src-tls-verify=false', to, `dir:${at(`check-${name}`)}`);
      await engine.podman('pull', '-q', '--tls-verify=false', `${server.host}/${name}:1`);
      const told = await engine.podman('image', 'inspect', '--format', '{{.Id}}', `${server.host}/${name}:1`);
      assert.equal(`sha256:${told.stdout.trim()}`, image.config.digest);
      const again = await good(`oci:${at(from)}:1`, to, '--dest-compress-format', format, '-o', 'json');
      assert.equal(JSON.parse(again.stdout).Blobs.present, image.layers.length + 1);
    }
  });

  test('every image of an index is packed anew, in the format that is asked for', async () => {
    const flags = ['--all', '--format', 'oci', '--dest-compress-format', 'zstd'];
    await skopeo('copy', '-q', '--all', '--format', 'v2s2', `oci:${at('both')}:1`, `dir:${at('docker')}`);
    await good(`dir:${at('docker')}`, `dir:${at('docker-as-zstd')}`, ...flags);
    const index = JSON.parse(await raw(`dir:${at('docker-as-zstd')}`));
    assert.equal(index.manifests.length, 2);
    for (const { digest } of index.manifests) {
      const text = await readFile(
        join(at('docker-as-zstd'), `${digest.slice('sha256:'.length)}.manifest.json`),
        'utf8',
      );
      assert.equal(digestOf(Buffer.from(text)), digest);
      for (const layer of JSON.parse(text).layers) assert.match(layer.mediaType, /tar\+zstd$/);
    }
    await skopeo('copy', '-q', '--all', `dir:${at('docker-as-zstd')}`, `oci:${at('check-all')}:1`);
    // Back to what Docker's format can say.
    await good(`oci:${at('zstd')}:1`, `dir:${at('back')}`, '--format', 'v2s2', '--dest-compress-format', 'gzip');
    assert.match(await raw(`dir:${at('back')}`), /"application\/vnd.docker.image.rootfs.diff.tar.gzip"/);
    assert.equal(await raw(`dir:${at('back')}`, '--config'), image.config.bytes.toString());
  });

  test('--dest-compress-level makes layers smaller, and annotations of the old packing go', async () => {
    const text = tarOf('text', Buffer.from(prose(200_000)));
    const { bytes: gzipped } = blobOf(execFileSync('gzip', ['-n1'], { input: text }));
    const large = withLayer(text, gzipped);
    await writeLayout(at('text'), '1', [large]);
    const sizeOf = async (...flags: readonly string[]): Promise<number> => {
      await good(`oci:${at('text')}:1`, `dir:${at('sized')}`, ...flags);
      const [layer] = JSON.parse(await raw(`dir:${at('sized')}`)).layers;
      assert.deepEqual(layer.annotations, { 'org.example.kept': 'yes' });
      return layer.size;
    };
    const zstd = ['--dest-compress-format', 'zstd', '--dest-compress-level'];
    assert.ok((await sizeOf(...zstd, '19')) < (await sizeOf(...zstd, '1')));
    await good(`oci:${at('text')}:1`, `oci:${at('text-plain')}:1`, '--dest-decompress');
    const sizes: number[] = [];
    for (const level of ['1', '9']) {
      await good(`oci:${at('text-plain')}:1`, `dir:${at('sized')}`, '--dest-compress-level', level);
      sizes.push(JSON.parse(await raw(`dir:${at('sized')}`)).layers[0].size);
    }
    assert.ok((sizes[1] ?? 0) < (sizes[0] ?? 0), sizes.join());
  });

  test('a layer of zstd is unpacked for archives of Docker, which skopeo 1.9 refuses, and podman loads it', async () => {
    const ours = at('ours.tar');
    await good(`oci:${at('zstd')}:1`, `docker-archive:${ours}:localhost/zstd:1`);
    const theirs = await trySkopeo('copy', '-q', `oci:${at('zstd')}:1`, `docker-archive:${at('theirs.tar')}`);
    // Later ones unpack it, too.
    if (theirs.code !== 0) assert.match(theirs.stderr, /zstd compression is not supported/);
    assert.equal(await raw(`docker-archive:${ours}`, '--config'), image.config.bytes.toString());
    await skopeo('copy', '-q', `docker-archive:${ours}`, `oci:${at('check-archive')}:1`);
    await engine.podman('load', '-q', '-i', ours);
    const told = await engine.podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/zstd:1');
    assert.equal(`sha256:${told.stdout.trim()}`, image.config.digest);
  });

  test('what cannot be packed so is told, and nothing is left', async () => {
    const from = `oci:${at('gzip')}:1`;
    const to = `dir:${at('x')}`;
    const zstd = ['--dest-compress-format', 'zstd'];
    assert.match(await refused(from, to, ...zstd, '--preserve-digests'), /cannot keep the digest/);
    assert.match(
      await refused(from, to, ...zstd, '--format', 'v2s2'),
      /packed by zstd: Docker's format has none\n.*--format oci/,
    );
    assert.match(await refused(from, `docker-archive:${at('x.tar')}`, ...zstd), /keeps layers in its own way/);
    assert.match(await refused(from, 'containers-storage:localhost/x:1', '--dest-decompress'), /in its own way/);
    assert.match(await refused(from, to, '--dest-compress', '--dest-decompress'), /cannot be used with/);
    assert.match(
      await refused(from, to, '--dest-compress', '--dest-compress-level', '10'),
      /gzip has levels from 1 to 9/,
    );
    assert.match(await refused(from, to, ...zstd, '--dest-compress-level', '21'), /Expected a number from 1/);
    const other = sampleImage({ sizes: [300_000, 10, 2000] });
    await writeLayout(at('false'), '1', [{ ...image, config: other.config, manifest: withConfig(image, other) }]);
    assert.match(await refused(`oci:${at('false')}:1`, to, ...zstd), /it is not what its image says/);
    assert.deepEqual(
      (await readdir(dir)).filter(name => name.startsWith('podstead-') || name === 'x'),
      [],
    );
  });
});

/** The same image with its layers packed otherwise, by a pipe of a shell. */
function packed(image: SampleImage, command: string, suffix: string): SampleImage {
  const layers = image.layers.map(({ bytes }) => blobOf(execFileSync('sh', ['-c', command], { input: bytes })));
  return rewritten(
    image,
    {
      layers: layers.map(({ digest, bytes }) => {
        return { mediaType: `application/vnd.oci.image.layer.v1.tar${suffix}`, digest, size: bytes.length };
      }),
    },
    layers,
  );
}

/** An image of one layer, which has annotations. */
function withLayer(tar: Buffer, gzipped: Buffer): SampleImage {
  const image = sampleImage({ sizes: [1] });
  const document = JSON.parse(image.config.bytes.toString());
  const config = blobOf(JSON.stringify({ ...document, rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } }));
  const layer = blobOf(gzipped);
  const annotations = { 'io.github.containers.zstd-chunked.manifest-checksum': 'x', 'org.example.kept': 'yes' };
  const descriptor = {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: layer.digest,
    size: gzipped.length,
  };
  const made = rewritten(
    image,
    {
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: config.digest,
        size: config.bytes.length,
      },
      layers: [{ ...descriptor, annotations }],
    },
    [layer],
  );
  return { ...made, config };
}

/** The manifest of an image with the configuration of another. */
function withConfig(image: SampleImage, { config }: SampleImage): SampleImage['manifest'] {
  const written = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: config.digest,
    size: config.bytes.length,
  };
  return rewritten(image, { config: written }, image.layers).manifest;
}

function rewritten(image: SampleImage, fields: object, layers: SampleImage['layers']): SampleImage {
  const document = { ...JSON.parse(image.manifest.bytes.toString()), ...fields };
  const manifest = parseManifest(Buffer.from(JSON.stringify(document)), undefined, 'the sample');
  if (manifest.kind !== 'image') throw new Error('The sample is no image');
  return { ...image, manifest, layers };
}
