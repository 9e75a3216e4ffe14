import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

const accept = [{ type: 'insecureAcceptAnything' }];
const reject = [{ type: 'reject' }];
const unsigned = [{ type: 'signedBy', keyType: 'GPGKeys', keyData: 'AQID' }];

describe('podstead image honours policy.json as skopeo does', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let dir = '';
  let index: string;
  before(async () => {
    server = await registry(cleaning);
    dir = await scratch(cleaning);
    const amd64: SampleImage = sampleImage();
    const arm64 = sampleImage({ architecture: 'arm64' });
    const both = sampleIndex({ amd64, arm64 });
    index = both.bytes.toString();
    await writeLayout(join(dir, 'both'), '1', [amd64, arm64], both);
    for (const to of [`docker://${server.host}/team/web:1`, `dir:${join(dir, 'as-dir')}`]) {
      await skopeo('copy', '-q', '--dest-tls-verify=false', '--all', `oci:${join(dir, 'both')}:1`, to);
    }
    await skopeo('copy', '-q', `oci:${join(dir, 'both')}:1`, `docker-archive:${join(dir, 'web.tar')}:localhost/web:1`);
  });

  let count = 0;
  const write = async (policy: unknown): Promise<string> => {
    const file = join(dir, `policy-${++count}.json`);
    await writeFile(file, typeof policy === 'string' ? policy : JSON.stringify(policy));
    return file;
  };
  const image = (): string => `docker://${server.host}/team/web:1`;
  const ours = (args: readonly string[]): Promise<Ran> => run('node', [program, 'image', ...args], { HOME: dir });

  type Scopes = (places: { readonly host: string; readonly dir: string }) => unknown;
  /** What a policy says, and which of the images it takes: in the registry, dir:, oci:, docker-archive:. */
  const rows: readonly (readonly [string, Scopes, readonly [boolean, boolean, boolean, boolean]])[] = [
    ['all', () => ({ default: accept }), [true, true, true, true]],
    ['nothing', () => ({ default: reject }), [false, false, false, false]],
    ['what is signed', () => ({ default: unsigned }), [false, false, false, false]],
    ['what has every requirement', () => ({ default: [...accept, ...reject] }), [false, false, false, false]],
    [
      'one registry',
      ({ host }) => ({ default: reject, transports: { docker: { [host]: accept } } }),
      [true, false, false, false],
    ],
    [
      'one image, below a registry that is refused',
      ({ host }) => ({ default: reject, transports: { docker: { [host]: reject, [`${host}/team/web:1`]: accept } } }),
      [true, false, false, false],
    ],
    [
      'another tag',
      ({ host }) => ({ default: accept, transports: { docker: { '': reject, [`${host}/team/web:2`]: accept } } }),
      [false, true, true, true],
    ],
    [
      'registries by their domain',
      () => ({ default: reject, transports: { docker: { '*.0.0.1': accept } } }),
      [true, false, false, false],
    ],
    [
      'directories',
      ({ dir }) => ({ default: reject, transports: { dir: { [dir]: accept }, oci: { [`${dir}/both`]: accept } } }),
      [false, true, true, false],
    ],
    [
      'archives',
      () => ({ default: reject, transports: { 'docker-archive': { '': accept } } }),
      [false, false, false, true],
    ],
  ];
  for (const [name, scopes, takes] of rows) {
    test(`a policy for ${name}: copy takes what skopeo takes`, async () => {
      const policy = await write(scopes({ host: server.host, dir }));
      const images = [
        image(),
        `dir:${join(dir, 'as-dir')}`,
        `oci:${join(dir, 'both')}:1`,
        `docker-archive:${join(dir, 'web.tar')}`,
      ];
      for (const [at, from] of images.entries()) {
        const tls = from.startsWith('docker:') ? ['--src-tls-verify=false'] : [];
        const theirs = await run('skopeo', ['--policy', policy, 'copy', ...tls, from, `dir:${join(dir, 'theirs')}`]);
        assert.equal(theirs.code === 0, takes[at], `${from}: ${theirs.stderr}`);
        const mine = await ours(['copy', '--policy', policy, ...tls, from, `dir:${join(dir, 'ours')}`]);
        assert.equal(mine.code === 0, takes[at], `${from}: ${mine.stderr}`);
        if (!takes[at]) assert.match(mine.stderr, /refuses it \(.*policy-\d+\.json:1:\d+\)/);
      }
    });
  }

  const broken = [
    '{}',
    '{"default":[]}',
    '{"default":[{"type":"reject"}],"more":{}}',
    '{"default":[{"type":"insecureAcceptAnything","more":1}]}',
    '{"default":[{"type":"insecureAcceptAnything"}],"default":[{"type":"insecureAcceptAnything"}]}',
    '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"dir":{"/":[{"type":"reject"}]}}}',
    '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"oci":{"srv":[{"type":"reject"}]}}}',
    '{"default":[{"type":"signedBy","keyType":"GPGKeys"}]}',
    '{"default":[{"type":"insecureAcceptAnything"}],}',
  ];
  for (const text of broken) {
    test(`neither takes anything by ${text}`, async () => {
      const policy = await write(text);
      const from = `oci:${join(dir, 'both')}:1`;
      const theirs = await run('skopeo', ['--policy', policy, 'copy', from, `dir:${join(dir, 'theirs')}`]);
      assert.equal(theirs.code, 1);
      const mine = await ours(['copy', '--policy', policy, from, `dir:${join(dir, 'ours')}`]);
      assert.equal(mine.code, 1);
      assert.match(mine.stderr, /policy-\d+\.json:1:\d+: /);
    });
  }

  test('a refused image leaves nothing behind, and every image of an index is asked for with --all', async () => {
    const policy = await write({ default: reject });
    const to = `oci:${join(dir, 'refused')}:1`;
    for (const flags of [[], ['--all']]) {
      const refused = await ours(['copy', '--src-tls-verify=false', '--policy', policy, ...flags, image(), to]);
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /Cannot take docker:.*\(sha256:[0-9a-f]{64}\): the policy takes no image from there/,
      );
      assert.equal((await run('ls', [join(dir, 'refused')])).code, 2);
    }
    const all = await ours(['copy', '--src-tls-verify=false', '--insecure-policy', '--policy', policy, image(), to]);
    assert.equal(all.code, 0, all.stderr);
  });

  test('inspect tells nothing of an image that the policy refuses; --raw shows what is there', async () => {
    const policy = await write({ default: reject });
    const inspect = (...flags: readonly string[]): Promise<Ran> =>
      ours(['inspect', '--tls-verify=false', ...flags, image()]);
    for (const flags of [[], ['--config'], ['--config', '--raw']]) {
      const refused = await inspect('--policy', policy, ...flags);
      assert.deepEqual([refused.code, refused.stdout], [1, '']);
    }
    assert.equal((await inspect('--policy', policy, '--raw')).stdout, index);
    assert.equal((await inspect('--policy', policy, '--insecure-policy')).code, 0);
  });

  test("the user's own policy comes before the host's, and --policy before both", async () => {
    await mkdir(join(dir, '.config/containers'), { recursive: true });
    await writeFile(join(dir, '.config/containers/policy.json'), JSON.stringify({ default: reject }));
    const inspect = (...flags: readonly string[]): Promise<Ran> =>
      ours(['inspect', '--tls-verify=false', ...flags, image()]);
    const refused = await inspect();
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /refuses it \(.*\.config\/containers\/policy\.json:1:/);
    assert.equal((await inspect('--policy', await write({ default: accept }))).code, 0);
    const missing = await inspect('--policy', join(dir, 'none.json'));
    assert.match(missing.stderr, /Cannot read the policy ".*none\.json"/);
  });
});
