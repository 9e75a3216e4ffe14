import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { digestOf } from '../../src/image/digest.ts';
import { type ImageIndex, parseManifest } from '../../src/image/manifest.ts';
import { dockerList, dockerManifest, ociIndex, ociManifest } from '../../src/image/media.ts';
import { blobOf, type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';
import { type PrivatePodman, privatePodman, type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, trySkopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const formats = ['v2s2', 'oci'] as const;
type Format = (typeof formats)[number];
const typesOf = {
  v2s2: { image: dockerManifest, index: dockerList },
  oci: { image: ociManifest, index: ociIndex },
} as const;

describe('podstead image copy in another format', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let engine: PrivatePodman;
  let dir = '';
  let amd64: SampleImage;
  let index: ImageIndex;
  before(async () => {
    server = await registry(cleaning);
    engine = await privatePodman(cleaning);
    dir = await scratch(cleaning);
    amd64 = sampleImage({ sizes: [300_000, 10, 2000] });
    const arm64 = sampleImage({ architecture: 'arm64' });
    index = sampleIndex({ amd64, arm64 });
    await writeLayout(join(dir, 'one'), '1', [amd64]);
    await writeLayout(join(dir, 'both'), '1', [amd64, arm64], index);
    const zstd = await inZstd(amd64);
    await writeLayout(join(dir, 'zstd'), '1', [zstd]);
    // What each conversion starts from, made by skopeo.
    for (const name of ['one', 'both']) {
      await skopeo(
        'copy',
        '-q',
        '--all',
        '--format',
        'v2s2',
        `oci:${join(dir, name)}:1`,
        `dir:${join(dir, `${name}-v2s2`)}`,
      );
    }
  });

  /** The same image with its layers packed by zstd. */
  async function inZstd(image: SampleImage): Promise<SampleImage> {
    const document = JSON.parse(image.manifest.bytes.toString());
    const layers = [];
    for (const { bytes } of image.layers) layers.push(blobOf(await piped('zcat | zstd -q', bytes)));
    document.layers = layers.map(({ digest, bytes }) => {
      return { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest, size: bytes.length };
    });
    const manifest = parseManifest(Buffer.from(JSON.stringify(document)), undefined, 'the sample');
    assert.ok(manifest.kind === 'image');
    return { manifest, config: image.config, layers };
  }
  const podstead = (...args: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', ...args], {
      ...{ HOME: dir, STATE_DIRECTORY: join(dir, 'state'), RUNTIME_DIRECTORY: join(dir, 'run'), TMPDIR: dir },
      ...{ CONTAINER_HOST: engine.url },
    });
  const copy = (from: string, to: string, ...flags: readonly string[]): Promise<Ran> =>
    podstead('copy', '--tls-verify=false', ...flags, from, to);
  const good = async (from: string, to: string, ...flags: readonly string[]): Promise<Ran> => {
    const ran = await copy(from, to, ...flags);
    assert.equal(ran.code, 0, `${from} to ${to}: ${ran.stderr}`);
    return ran;
  };
  const refused = async (from: string, to: string, ...flags: readonly string[]): Promise<string> => {
    const ran = await copy(from, to, ...flags);
    assert.equal(ran.code, 1, `${from} to ${to} ${flags.join(' ')}`);
    return ran.stderr;
  };
  const at = (name: string): string => join(dir, name);
  const raw = (place: string, ...flags: readonly string[]): Promise<string> =>
    skopeo('inspect', ...(place.startsWith('docker:') ? ['--tls-verify=false'] : []), '--raw', ...flags, place);
  /** Where an image of the other format is. */
  const sourceFor = (format: Format, name: string): string =>
    format === 'v2s2' ? `oci:${at(name)}:1` : `dir:${at(`${name}-v2s2`)}`;

  for (const format of formats) {
    for (const [what, name, flags] of [
      ['an image', 'one', []],
      ['an index with all its images', 'both', ['--all']],
    ] as const) {
      test(`--format ${format} makes of ${what} what skopeo makes, file for file`, async () => {
        const [ours, theirs] = [at(`ours-${format}-${name}`), at(`theirs-${format}-${name}`)];
        const from = sourceFor(format, name);
        await good(from, `dir:${ours}`, '--format', format, ...flags);
        await skopeo('copy', '-q', ...flags, '--format', format, from, `dir:${theirs}`);
        const names = (await readdir(theirs)).sort();
        assert.deepEqual((await readdir(ours)).sort(), names);
        for (const each of names) {
          const [our, their] = await Promise.all([readFile(join(ours, each)), readFile(join(theirs, each))]);
          assert.equal(digestOf(our), digestOf(their), `${each}: ${our.subarray(0, 2000)}`);
        }
        const kind = name === 'one' ? 'image' : 'index';
        assert.equal(JSON.parse(await raw(`dir:${ours}`)).mediaType, typesOf[format][kind]);
        assert.notEqual(await raw(`dir:${ours}`), await raw(from));
      });
    }

    test(`what --format ${format} wrote to a registry is read by skopeo and podman, with the same id`, async () => {
      const to = `docker://${server.host}/${format}:1`;
      await good(sourceFor(format, 'both'), to, '--all', '-f', format);
      assert.equal(JSON.parse(await raw(to)).mediaType, typesOf[format].index);
      await skopeo('copy', '-q', '--all', '--src-tls-verify=false', to, `dir:${at(`check-${format}`)}`);
      await engine.podman('pull', '-q', '--tls-verify=false', `${server.host}/${format}:1`);
      const told = await engine.podman('image', 'inspect', '--format', '{{.Id}}', `${server.host}/${format}:1`);
      assert.equal(`sha256:${told.stdout.trim()}`, amd64.config.digest);
    });
  }

  test('--format leaves what is of that format as it is, and --preserve-digests refuses what it would change', async () => {
    await good(`oci:${at('both')}:1`, `dir:${at('same')}`, '--all', '--format', 'oci', '--preserve-digests');
    assert.equal(await raw(`dir:${at('same')}`), index.bytes.toString());
    const kept = await refused(
      `oci:${at('both')}:1`,
      `dir:${at('x')}`,
      '--all',
      '--format',
      'v2s2',
      '--preserve-digests',
    );
    assert.match(kept, /cannot keep the digest/);
    const theirs = [
      'copy',
      '--all',
      '--format',
      'v2s2',
      '--preserve-digests',
      `oci:${at('both')}:1`,
      `dir:${at('kept-theirs')}`,
    ];
    assert.notEqual((await trySkopeo(...theirs)).code, 0);
  });

  test('a format that cannot say an image, or that the target has not, is told before a byte is moved', async () => {
    const zstd = await refused(`oci:${at('zstd')}:1`, `dir:${at('x')}`, '--format', 'v2s2');
    assert.match(zstd, /a layer of type ".*tar\+zstd": Docker's format has none like it\n.*--format oci/);
    const theirs = await trySkopeo('copy', '--format', 'v2s2', `oci:${at('zstd')}:1`, `dir:${at('x-theirs')}`);
    assert.match(theirs.stderr, /zstd compression is not supported/);
    for (const to of [`oci:${at('x')}:1`, `oci-archive:${at('x.tar')}`, 'containers-storage:localhost/x:1']) {
      assert.match(await refused(`oci:${at('one')}:1`, to, '--format', 'v2s2'), /its format is OCI's alone\n.*dir:/);
    }
    const archive = `docker-archive:${at('x.tar')}:x`;
    assert.match(await refused(`oci:${at('one')}:1`, archive, '--format', 'oci'), /its format is Docker's alone/);
    await good(`oci:${at('one')}:1`, archive, '--format', 'v2s2');
    assert.match(
      await refused(`oci:${at('one')}:1`, `dir:${at('x')}`, '--format', 'v2s1'),
      /Allowed choices are oci, v2s2/,
    );
    assert.ok(!(await readdir(dir)).includes('x'));
  });

  test('sync --format copies what skopeo copies, once, and again where another format is there', async () => {
    await skopeo(
      'copy',
      '-q',
      '--all',
      '--dest-tls-verify=false',
      `oci:${at('both')}:1`,
      `docker://${server.host}/team/web:1`,
    );
    const from = ['--src', 'docker', '--dest', 'dir', '--src-tls-verify=false', `${server.host}/team/web`];
    const sync = async (...flags: readonly string[]): Promise<Record<string, number>> => {
      const { code, stdout, stderr } = await podstead('sync', '-o', 'json', ...flags, ...from, at('synced'));
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout).Totals;
    };
    const theirs = ['sync', '--all', '--format', 'v2s2', '--src', 'docker', '--dest', 'dir', '--src-tls-verify=false'];
    await skopeo(...theirs, `${server.host}/team/web`, at('synced-theirs'));
    assert.equal((await sync('--all', '--format', 'v2s2')).Copied, 1);
    assert.equal(await raw(`dir:${at('synced/web:1')}`), await raw(`dir:${at('synced-theirs/web:1')}`));
    assert.equal((await sync('--all', '--format', 'v2s2')).Present, 1);
    assert.equal((await sync('--all', '--format', 'v2s2', '--dry-run')).Present, 1);
    assert.equal((await sync('--all')).Copied, 1);
    assert.equal(await raw(`dir:${at('synced/web:1')}`), index.bytes.toString());
    assert.equal((await sync('--all', '--format', 'oci')).Present, 1);
    assert.equal((await sync('--format', 'v2s2')).Copied, 1);
    assert.equal(JSON.parse(await raw(`dir:${at('synced/web:1')}`)).mediaType, dockerManifest);
  });

  test('--multi-arch takes the image of this system, all with the index, or the index alone, as skopeo does', async () => {
    const from = `oci:${at('both')}:1`;
    await good(from, `dir:${at('system')}`, '--multi-arch', 'system', '--platform', 'linux/amd64');
    assert.equal(digestOf(Buffer.from(await raw(`dir:${at('system')}`))), amd64.manifest.digest);
    await good(from, `dir:${at('all')}`, '--multi-arch=all');
    await skopeo('copy', '-q', '--multi-arch=all', from, `dir:${at('all-theirs')}`);
    assert.deepEqual((await readdir(at('all'))).sort(), (await readdir(at('all-theirs'))).sort());
    await good(from, `dir:${at('index')}`, '--multi-arch', 'index-only');
    await skopeo('copy', '-q', '--multi-arch=index-only', from, `dir:${at('index-theirs')}`);
    assert.deepEqual((await readdir(at('index'))).sort(), (await readdir(at('index-theirs'))).sort());
    assert.equal(await raw(`dir:${at('index')}`), index.bytes.toString());
    // What is no index goes as it is.
    await good(`oci:${at('one')}:1`, `dir:${at('index-of-one')}`, '--multi-arch', 'index-only');
    await skopeo('copy', '-q', '--multi-arch=index-only', `oci:${at('one')}:1`, `dir:${at('index-of-one-theirs')}`);
    assert.deepEqual((await readdir(at('index-of-one'))).sort(), (await readdir(at('index-of-one-theirs'))).sort());
    assert.match(
      await refused(from, `dir:${at('x')}`, '--all', '--multi-arch', 'all'),
      /--multi-arch.*cannot be used with.*--all/,
    );
  });

  test('--multi-arch index-only: a registry takes an index whose images it has, and says so where it lacks them', async () => {
    const from = `oci:${at('both')}:1`;
    const to = `docker://${server.host}/index/only:1`;
    const missing = await refused(from, to, '--multi-arch', 'index-only');
    assert.match(missing, /the registry answers 4\d\d.*\n.*Copy the images of the index there first/);
    const theirs = await trySkopeo('copy', '--multi-arch=index-only', '--dest-tls-verify=false', from, to);
    assert.notEqual(theirs.code, 0);
    for (const architecture of ['amd64', 'arm64']) {
      await good(from, `docker://${server.host}/index/only:${architecture}`, '--platform', `linux/${architecture}`);
    }
    const { stdout } = await good(from, to, '--multi-arch', 'index-only', '-o', 'json');
    const { Digest, Images, Bytes } = JSON.parse(stdout);
    assert.deepEqual([Digest, Images, Bytes], [index.digest, 0, 0]);
    await skopeo('copy', '-q', '--all', '--src-tls-verify=false', to, `dir:${at('index-only')}`);
    const converted = await refused(from, to, '--multi-arch', 'index-only', '--format', 'v2s2');
    assert.match(converted, /is of another format\n.*--all/);
    assert.match(
      await refused(from, `docker-archive:${at('y.tar')}:y`, '--multi-arch', 'index-only'),
      /it holds no index/,
    );
  });
});

/** What a shell's pipe makes of some bytes. */
async function piped(command: string, bytes: Buffer): Promise<Buffer> {
  const { execFileSync } = await import('node:child_process');
  return execFileSync('sh', ['-c', command], { input: bytes, maxBuffer: 64 * 1024 * 1024 });
}
