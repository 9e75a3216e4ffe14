import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { digestOf } from '../../src/image/digest.ts';
import type { ImageIndex } from '../../src/image/manifest.ts';
import { assertSchema } from '../cli/schemas.ts';
import { type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';
import { type PrivatePodman, privatePodman, type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const transports = [
  'docker',
  'oci',
  'oci-archive',
  'dir',
  'docker-archive',
  'containers-storage',
  'docker-daemon',
] as const;
type Transport = (typeof transports)[number];
/** These give an image another manifest than it came with: Docker's have none, and Podman packs its layers anew. */
const remade: readonly Transport[] = ['docker-archive', 'docker-daemon', 'containers-storage'];
/** These keep no manifest that they are given. */
const losing: readonly Transport[] = ['docker-archive', 'docker-daemon'];

describe('podstead image copy and skopeo read what the other wrote', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let engine: PrivatePodman;
  let driver = '';
  let dir = '';
  let amd64: SampleImage;
  let arm64: SampleImage;
  let index: ImageIndex;
  before(async () => {
    server = await registry(cleaning);
    engine = await privatePodman(cleaning);
    driver = (await engine.podman('info', '--format', '{{.Store.GraphDriverName}}')).stdout.trim();
    dir = await scratch(cleaning);
    [amd64, arm64] = [sampleImage({ sizes: [300_000, 10, 2000] }), sampleImage({ architecture: 'arm64' })];
    index = sampleIndex({ amd64, arm64 });
    await writeLayout(join(dir, 'one'), '1', [amd64]);
    await writeLayout(join(dir, 'both'), '1', [amd64, arm64], index);
  });

  const place = (transport: Transport, name: string): string => {
    if (transport === 'docker') return `docker://${server.host}/${name}:1`;
    if (transport === 'dir') return `dir:${join(dir, `${name}-dir`)}`;
    if (transport === 'docker-archive') return `docker-archive:${join(dir, `${name}.docker.tar`)}:localhost/${name}:1`;
    if (transport === 'containers-storage') return `containers-storage:localhost/${name}:1`;
    // Podman serves as the daemon, from the same store.
    if (transport === 'docker-daemon') return `docker-daemon:localhost/daemon-${name}:1`;
    return `${transport}:${join(dir, transport === 'oci' ? name : `${name}.oci.tar`)}:1`;
  };
  const podstead = (...args: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', ...args], {
      ...{ HOME: dir, STATE_DIRECTORY: join(dir, 'state'), RUNTIME_DIRECTORY: join(dir, 'run'), TMPDIR: dir },
      ...{ CONTAINER_HOST: engine.url, DOCKER_HOST: engine.url },
    });
  const copy = (from: string, to: string, ...flags: readonly string[]): Promise<Ran> =>
    podstead('copy', '--tls-verify=false', ...flags, from, to);
  const good = async (from: string, to: string, ...flags: readonly string[]): Promise<Ran> => {
    const ran = await copy(from, to, ...flags);
    assert.equal(ran.code, 0, `${from} to ${to}: ${ran.stderr}`);
    return ran;
  };
  const theirs = (from: string, to: string, ...flags: readonly string[]): Promise<string> =>
    skopeo(
      ...['copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false'],
      ...(from.startsWith('docker-daemon:') ? ['--src-daemon-host', engine.url] : []),
      ...(to.startsWith('docker-daemon:') ? ['--dest-daemon-host', engine.url] : []),
      ...[...flags, inStore(from), inStore(to)],
    );
  /** Skopeo opens the store itself. */
  const inStore = (at: string): string =>
    at.replace(/^containers-storage:/, `containers-storage:[${driver}@${engine.root}+${engine.runroot}]`);
  /** As skopeo sees it. */
  const raw = (at: string, ...flags: readonly string[]): Promise<string> =>
    skopeo(
      ...['inspect', ...(at.startsWith('docker:') ? ['--tls-verify=false'] : [])],
      ...(at.startsWith('docker-daemon:') ? ['--daemon-host', engine.url] : []),
      ...['--raw', ...flags, inStore(at)],
    );
  const sample = (): string => `oci:${join(dir, 'one')}:1`;

  for (const transport of transports) {
    test(`skopeo reads what we write to ${transport}:, bytes and all`, async () => {
      const to = place(transport, 'ours');
      await good(sample(), to);
      assert.equal(await raw(to, '--config'), amd64.config.bytes.toString());
      // An archive of Docker has no manifest of its own.
      if (!losing.includes(transport)) assert.equal(digestOf(Buffer.from(await raw(to))), amd64.manifest.digest);
      // It reads every blob, and holds it against its digest.
      await theirs(to, `oci:${join(dir, `check-${transport}`)}:1`);
    });

    test(`we read what skopeo writes to ${transport}:, bytes and all`, async () => {
      const from = place(transport, 'theirs');
      await theirs(sample(), from);
      const to = `dir:${join(dir, `from-${transport}`)}`;
      await good(from, to);
      assert.equal(await raw(to, '--config'), amd64.config.bytes.toString());
      if (!remade.includes(transport)) assert.equal(digestOf(Buffer.from(await raw(to))), amd64.manifest.digest);
      await theirs(to, `oci:${join(dir, `check-from-${transport}`)}:1`);
    });
  }

  for (const from of transports) {
    test(`from ${from}: to every other, and the image is the same`, async () => {
      for (const to of transports) {
        const target = place(to, `pair-${from}`);
        await good(place(from, 'ours'), target);
        assert.equal(await raw(target, '--config'), amd64.config.bytes.toString());
        const isKept = !remade.includes(from) && !losing.includes(to);
        if (isKept) assert.equal(digestOf(Buffer.from(await raw(target))), amd64.manifest.digest, `${from} to ${to}`);
      }
    });
  }

  test('--all takes every image of an index, and its digest goes through every transport that holds one', async () => {
    let from = `oci:${join(dir, 'both')}:1`;
    for (const transport of ['docker', 'dir', 'oci-archive', 'oci'] as const) {
      const to = place(transport, 'all');
      await good(from, to, '--all');
      assert.equal(await raw(to), index.bytes.toString());
      from = to;
    }
    await theirs(from, `dir:${join(dir, 'check-all')}`, '--all');
    const refused = await copy(from, place('docker-archive', 'all'), '--all');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /it holds no index\n.*--platform/);
  });

  test('without --all it takes the image of one platform', async () => {
    const to = place('oci', 'arm');
    const from = `oci:${join(dir, 'both')}:1`;
    await good(from, to, '--override-arch', 'arm64');
    assert.equal(digestOf(Buffer.from(await raw(to))), arm64.manifest.digest);
    const missing = await copy(from, to, '--platform', 'linux/s390x');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /for linux\/s390x\n.*linux\/amd64, linux\/arm64/);
  });

  test("an image of Docker's format becomes one of OCI's in a layout, with the same id; elsewhere it stays", async () => {
    const docker = `docker://${server.host}/docker:1`;
    await theirs(`oci:${join(dir, 'both')}:1`, docker, '--all', '--format', 'v2s2');
    const config = JSON.parse(await raw(docker, '--config'));
    for (const to of [place('oci', 'converted'), place('oci-archive', 'converted')]) {
      await good(docker, to, '--all');
      assert.equal(JSON.parse(await raw(to)).mediaType, 'application/vnd.oci.image.index.v1+json');
      await theirs(to, `dir:${join(dir, `docker-${to.split(':')[0]}`)}`, '--all');
      const refused = await copy(docker, `${to.replace('converted', 'kept')}`, '--all', '--preserve-digests');
      assert.match(refused.stderr, /cannot keep the digest/);
      await good(docker, to.replace('converted', 'single'));
      assert.deepEqual(JSON.parse(await raw(to.replace('converted', 'single'), '--config')), config);
    }
    await good(docker, `dir:${join(dir, 'docker')}`, '--all', '--preserve-digests');
    assert.equal(await raw(`dir:${join(dir, 'docker')}`), await raw(docker));
  });

  test('what is there already is not copied again, and another repository lends its blobs', async () => {
    const told = async (from: string, to: string): Promise<Record<string, unknown>> => {
      const { stdout } = await good(from, to, '-o', 'json');
      const document = JSON.parse(stdout);
      assertSchema('image-copy', document);
      const { Blobs, Bytes, Digest, Images } = document;
      return { ...Blobs, bytes: Bytes, digest: Digest, images: Images };
    };
    const size = [amd64.config, ...amd64.layers].reduce((total, { bytes }) => total + bytes.length, 0);
    const same = { digest: amd64.manifest.digest, images: 1 };
    const [one, two] = [`docker://${server.host}/first:1`, `docker://${server.host}/second:1`];
    assert.deepEqual(await told(sample(), one), { sent: 4, mounted: 0, present: 0, bytes: size, ...same });
    assert.deepEqual(await told(sample(), one), { sent: 0, mounted: 0, present: 4, bytes: 0, ...same });
    assert.deepEqual(await told(one, two), { sent: 0, mounted: 4, present: 0, bytes: 0, ...same });
    const layout = `oci:${join(dir, 'again')}:1`;
    assert.equal((await told(one, layout)).sent, 4);
    assert.equal((await told(one, layout)).present, 4);
  });

  test('a layout keeps its other images, and a tag moves', async () => {
    const layout = join(dir, 'many');
    await good(sample(), `oci:${layout}:a`);
    await good(`oci:${join(dir, 'both')}:1`, `oci:${layout}:b`, '--platform', 'linux/arm64');
    await good(`oci:${join(dir, 'both')}:1`, `oci:${layout}:a`, '--platform', 'linux/arm64');
    assert.equal(digestOf(Buffer.from(await raw(`oci:${layout}:a`))), arm64.manifest.digest);
    assert.equal(digestOf(Buffer.from(await raw(`oci:${layout}:b`))), arm64.manifest.digest);
    const missing = await copy(`oci:${layout}:c`, place('oci', 'x'));
    assert.match(missing.stderr, /it is not there\n.*There is b, a/);
  });

  test('what is there and is no image is never written over', async () => {
    await writeFile(join(dir, 'notes.tar'), 'mine');
    for (const to of [`oci-archive:${join(dir, 'notes.tar')}`, `docker-archive:${join(dir, 'notes.tar')}:x`]) {
      const { code, stderr } = await copy(sample(), to);
      assert.equal(code, 1);
      assert.match(stderr, /it is there already/);
    }
    const taken = await copy(sample(), `dir:${join(dir, 'one')}`);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /no image of dir:/);
    assert.equal(await readFile(join(dir, 'notes.tar'), 'utf8'), 'mine');
    await good(sample(), `dir:${join(dir, 'twice')}`);
    await good(sample(), `dir:${join(dir, 'twice')}`);
    assert.deepEqual(
      (await readdir(dir)).filter(name => name.startsWith('.') && name !== '.config'),
      [],
    );
  });

  test('--digestfile has the digest; --preserve-digests refuses a target that cannot keep it', async () => {
    const file = join(dir, 'digest.txt');
    await good(sample(), place('oci', 'digest'), '--digestfile', file, '--preserve-digests');
    assert.equal(await readFile(file, 'utf8'), amd64.manifest.digest);
    const archive = join(dir, 'refused.tar');
    const refused = await copy(sample(), `docker-archive:${archive}:x`, '--preserve-digests');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /cannot keep the digest/);
    await assert.rejects(stat(archive), { code: 'ENOENT' });
  });

  test('--additional-tag gives an archive more names, and list-tags tells all that it has, as skopeo does', async () => {
    const at = (name: string): string => join(dir, `names-${name}.tar`);
    const [first, second] = ['localhost/b:2', 'docker.io/library/c:3'];
    const flags = ['--additional-tag', first, '--additional-tag', second];
    const listed = async (name: string): Promise<unknown> => {
      const { code, stdout, stderr } = await run('node', [program, 'image', 'list-tags', `docker-archive:${at(name)}`]);
      assert.equal(code, 0, stderr);
      assertSchema('image-list-tags', JSON.parse(stdout));
      assert.deepEqual(JSON.parse(stdout), JSON.parse(await skopeo('list-tags', `docker-archive:${at(name)}`)));
      return JSON.parse(stdout).Tags;
    };
    await good(sample(), `docker-archive:${at('ours')}:localhost/a:1`, ...flags);
    assert.deepEqual(await listed('ours'), ['localhost/a:1', first, second]);
    await theirs(sample(), `docker-archive:${at('theirs')}:localhost/a:1`, ...flags);
    assert.deepEqual(await listed('theirs'), ['localhost/a:1', first, second]);
    await good(`docker-archive:${at('theirs')}:c:3`, `docker-archive:${at('one')}`);
    assert.deepEqual(await listed('one'), ['@0']);
    // As `docker save` spells it.
    const unpacked = join(dir, 'names');
    await mkdir(unpacked);
    await run('tar', ['-xf', at('ours'), '-C', unpacked]);
    const manifest = join(unpacked, 'manifest.json');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace('"localhost/a:1"', '"busybox:latest"'));
    await run('tar', ['-cf', at('docker'), '-C', unpacked, '.']);
    assert.deepEqual(await listed('docker'), ['busybox:latest', first, second]);
    const elsewhere = await copy(sample(), place('dir', 'names'), ...flags);
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.stderr, /only docker-archive: holds several/);
    for (const name of ['localhost/b', 'localhost/B:1']) {
      const wrong = await copy(sample(), `docker-archive:${at('x')}`, '--additional-tag', name);
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, /Expected a name with a tag/);
    }
  });

  test('the same image gives the same archive, byte for byte', async () => {
    const bytesOf = async (name: string): Promise<string> => digestOf(await readFile(join(dir, name)));
    for (const name of ['x', 'y']) await good(sample(), `oci-archive:${join(dir, `${name}.tar`)}:1`);
    const [x, y] = [await bytesOf('x.tar'), await bytesOf('y.tar')];
    assert.equal(x, y);
  });

  test('an engine takes one image, keeps its digest where it is of OCI, and is asked by id too', async () => {
    const to = 'containers-storage:localhost/single:1';
    const refused = await copy(`oci:${join(dir, 'both')}:1`, to, '--all');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /it holds no index/);
    await good(sample(), to, '--preserve-digests');
    const told = await engine.podman('image', 'inspect', '--format', '{{.Digest}} {{.Id}}', 'localhost/single:1');
    const id = amd64.config.digest.slice('sha256:'.length);
    assert.equal(told.stdout.trim(), `${amd64.manifest.digest} ${id}`);
    const daemons = await copy(sample(), 'docker-daemon:localhost/single:1', '--preserve-digests');
    assert.match(daemons.stderr, /cannot keep the digest/);
    for (const from of [`containers-storage:@${id}`, `docker-daemon:sha256:${id}`]) {
      const { code, stdout, stderr } = await podstead('inspect', '--config', '--raw', from);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, amd64.config.bytes.toString());
    }
  });

  test('an image that an engine has not, a daemon that is not there, and a store by its path are told', async () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [['inspect', 'containers-storage:localhost/none:1'], /Cannot read image "localhost\/none:1" of the engine/],
      [
        ['inspect', 'containers-storage:ours:1'],
        /"docker\.io\/library\/ours:1" of the engine: it has none .*\n.*"containers-storage:localhost\/ours:1"\n/,
      ],
      [['inspect', 'docker-daemon:localhost/none:1'], /Cannot read image "localhost\/none:1" of the daemon/],
      [['inspect', `containers-storage:[${driver}@${engine.root}]localhost/ours:1`], /where its store is\n.*--engine/],
      [['inspect', 'docker-daemon:localhost/ours'], /expected a tag/],
      [['inspect', '--daemon-host', 'tcp://127.0.0.1:1', 'docker-daemon:localhost/ours:1'], /expected a unix socket/],
      [['inspect', '--daemon-host', `unix://${dir}/none.sock`, 'docker-daemon:localhost/ours:1'], /none\.sock/],
      [['copy', sample(), `containers-storage:@${'0'.repeat(64)}`], /expected a name/],
    ];
    for (const [args, message] of wrong) {
      const { code, stderr } = await podstead(...args);
      assert.equal(code, 1, args.join(' '));
      assert.match(stderr, message);
    }
    const left = (await readdir(dir)).filter(name => name.startsWith('podstead-'));
    assert.deepEqual(left, [], 'an archive was left behind');
  });

  test('a person reads what was copied', async () => {
    const { stdout, stderr } = await good(sample(), place('oci', 'told'));
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^Copied oci:.*:1 to oci:.*told:1 in \d+\.\d s, \d+ kB: 4 blobs copied\n {2}sha256:[0-9a-f]{64}\n$/,
    );
    assert.equal((await good(sample(), place('oci', 'told'), '-q')).stderr, '');
  });
});
