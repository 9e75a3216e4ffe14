import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { assertSchema } from '../cli/schemas.ts';
import { type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const user = { user: 'ann', password: 'pa55-w0rd' };

describe('podstead image tells of images in a registry what skopeo tells', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let dir = '';
  let amd64: SampleImage;
  let arm64: SampleImage;
  before(async () => {
    server = await registry(cleaning, { deletes: true });
    dir = await scratch(cleaning);
    [amd64, arm64] = [sampleImage(), sampleImage({ architecture: 'arm64', label: 'other' })];
    await writeLayout(join(dir, 'one'), '1', [amd64]);
    await writeLayout(join(dir, 'both'), '1', [amd64, arm64], sampleIndex({ amd64, arm64 }));
    for (const tag of ['1', '2']) await push('one', `web:${tag}`);
    await push('both', 'web:both', '--all');
    await push('one', 'docker:1', '--format', 'v2s2');
  });

  const push = (from: string, to: string, ...flags: readonly string[]): Promise<string> =>
    skopeo('copy', '-q', '--dest-tls-verify=false', ...flags, `oci:${join(dir, from)}:1`, image(to));
  const image = (name: string): string => `docker://${server.host}/team/${name}`;
  const podstead = (...args: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', ...args], { HOME: dir });
  const insecure = '--tls-verify=false';

  const cases = [
    ['an image', 'web:1', []],
    ["an image of Docker's format", 'docker:1', []],
    ['one image of an index', 'web:both', ['--override-arch', 'arm64']],
    ['an image without its tags', 'web:1', ['--no-tags']],
  ] as const;
  for (const [name, reference, flags] of cases) {
    test(`inspect tells the same of ${name}`, async () => {
      // Skopeo takes these before its command.
      const global = flags.filter(flag => flag !== '--no-tags');
      const own = flags.filter(flag => flag === '--no-tags');
      const theirs = JSON.parse(await skopeo(...global, 'inspect', insecure, ...own, image(reference)));
      const { code, stdout, stderr } = await podstead('inspect', insecure, ...flags, image(reference));
      assert.equal(code, 0, stderr);
      const ours = JSON.parse(stdout);
      assertSchema('image-inspect', ours);
      // skopeo 1.9 does not tell of layers more than their digests.
      assert.deepEqual(ours, { LayersData: ours.LayersData, ...theirs });
      assert.deepEqual(
        ours.LayersData.map(({ Digest }: { readonly Digest: string }) => Digest),
        ours.Layers,
      );
      const yaml = await podstead('inspect', insecure, '-o', 'yaml', image(reference));
      assert.match(yaml.stdout, new RegExp(`^Digest: ${ours.Digest}$`, 'm'));
    });
  }

  test('inspect tells the same of an image in a directory, which has no repository', async () => {
    const layout = `oci:${join(dir, 'one')}:1`;
    const theirs = JSON.parse(await skopeo('inspect', layout));
    const { code, stdout, stderr } = await podstead('inspect', layout);
    assert.equal(code, 0, stderr);
    const ours = JSON.parse(stdout);
    assertSchema('image-inspect', ours);
    assert.deepEqual(ours, { LayersData: ours.LayersData, ...theirs });
  });

  test('inspect -o text is for people to read, and JSON where nothing is asked for', async () => {
    const args = ['inspect', insecure, image('web:1')];
    const [text, yaml, json, none] = await Promise.all(
      [['-o', 'text'], ['-o', 'yaml'], ['-o', 'json'], []].map(more => podstead(...args, ...more)),
    );
    assert.match(text?.stdout ?? '', /^Digest: sha256:/m);
    assert.equal(text?.stdout, yaml?.stdout);
    assert.equal(none?.stdout, json?.stdout);
  });

  test('inspect --raw prints what the registry has, byte for byte; --config the configuration', async () => {
    for (const flags of [['--raw'], ['--raw', '--config'], ['--config']]) {
      const theirs = await skopeo('inspect', insecure, ...flags, image('web:1'));
      const { code, stdout, stderr } = await podstead('inspect', insecure, ...flags, image('web:1'));
      assert.equal(code, 0, stderr);
      if (flags.includes('--raw')) assert.equal(stdout, theirs);
      else assert.deepEqual(JSON.parse(stdout), JSON.parse(theirs));
    }
    const platform = ['--config', '--platform', 'linux/arm64'];
    const { stdout } = await podstead('inspect', insecure, ...platform, image('web:both'));
    assert.equal(JSON.parse(stdout).architecture, 'arm64');
  });

  test('list-tags tells the same', async () => {
    const theirs = JSON.parse(await skopeo('list-tags', insecure, image('web')));
    const { code, stdout, stderr } = await podstead('list-tags', insecure, image('web'));
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), theirs);
    assertSchema('image-list-tags', JSON.parse(stdout));
    const lines = await podstead('list-tags', insecure, image('web'), '-o', 'text');
    assert.equal(lines.stdout, theirs.Tags.map((tag: string) => `${tag}\n`).join(''));
    assert.equal((await podstead('list-tags', insecure, image('web'), '-o', 'json')).stdout, stdout);
    const wrong = await podstead('list-tags', insecure, image('web:1'));
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /expected a repository, found an image/);
  });

  test('digest is that of skopeo manifest-digest, from a file and from standard input', async () => {
    const file = join(dir, 'manifest.json');
    await writeFile(file, amd64.manifest.bytes);
    const theirs = (await skopeo('manifest-digest', file)).trim();
    assert.equal(theirs, amd64.manifest.digest);
    assert.deepEqual(await podstead('digest', file), { code: 0, stdout: `${theirs}\n`, stderr: '' });
    const piped = await run('sh', ['-c', `node ${program} image digest - -o json < ${file}`]);
    assert.deepEqual(JSON.parse(piped.stdout), { Digest: theirs });
    assertSchema('image-digest', JSON.parse(piped.stdout));
    await writeFile(file, 'no manifest');
    const wrong = await podstead('digest', file);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^podstead: Cannot read .*: expected JSON\n {2}See that it is what it should be/);
  });

  test('delete takes an image away, and every tag of it; nothing else', async () => {
    const { code, stderr } = await podstead('delete', insecure, image('web:2'));
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`Deleted .*web:2 \\(${amd64.manifest.digest}\\)`));
    const theirs = JSON.parse(await skopeo('list-tags', insecure, image('web')));
    assert.deepEqual(theirs.Tags, ['both']);
    const again = await podstead('delete', insecure, image('web:2'));
    assert.equal(again.code, 1);
    assert.match(again.stderr, /Cannot delete .*it is not there/);
    assert.equal((await podstead('inspect', insecure, image('docker:1'))).code, 0);
    await push('one', 'gone:1');
    const told = JSON.parse((await podstead('delete', insecure, '-o', 'json', image('gone:1'))).stdout);
    assertSchema('image-delete', told);
    assert.deepEqual(told, { Name: image('gone:1'), Digest: amd64.manifest.digest });
  });

  test('a registry without TLS is asked only where that is said', async () => {
    const { code, stdout, stderr } = await podstead('inspect', '--retry-times', '0', image('web:both'));
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /--tls-verify=false/);
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
  });

  test('credentials come from --authfile; without them the registry refuses, and says how to log in', async () => {
    const closed = await registry(cleaning, { htpasswd: user });
    const name = `docker://${closed.host}/team/web:1`;
    const authfile = join(dir, 'auth.json');
    const auth = Buffer.from(`${user.user}:${user.password}`).toString('base64');
    await writeFile(authfile, JSON.stringify({ auths: { [`${closed.host}/team`]: { auth } } }));
    const to = ['--dest-tls-verify=false', '--authfile', authfile, `oci:${join(dir, 'one')}:1`, name];
    await skopeo('copy', '-q', ...to);
    const refused = await podstead('inspect', insecure, name);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /answers 401.*\n.*podstead image login/);
    const got = await podstead('inspect', insecure, '--authfile', authfile, name);
    assert.equal(got.code, 0, got.stderr);
    assert.equal(JSON.parse(got.stdout).Digest, amd64.manifest.digest);
    const anybody = await podstead('inspect', insecure, '--authfile', authfile, '--no-creds', name);
    assert.equal(anybody.code, 1);
    assert.doesNotMatch(refused.stderr + got.stderr + anybody.stderr, new RegExp(`${user.password}|${auth}`));
  });
});
