import assert from 'node:assert/strict';
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { digestOf } from '../../src/image/digest.ts';
import type { ImageIndex } from '../../src/image/manifest.ts';
import { assertSchema } from '../cli/schemas.ts';
import { type SampleImage, sampleImage, sampleIndex } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, trySkopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

interface Document {
  readonly Images: readonly {
    readonly Source: string;
    readonly Destination: string;
    readonly Status: string;
    readonly Digest: string;
    readonly Error: string;
  }[];
  readonly Totals: Readonly<Record<string, number>>;
}

describe('podstead image sync and skopeo sync', () => {
  const cleaning = cleanUps();
  let server: Registry;
  let dir = '';
  let one: SampleImage;
  let two: SampleImage;
  let index: ImageIndex;
  before(async () => {
    server = await registry(cleaning);
    dir = await scratch(cleaning);
    [one, two] = [sampleImage({ sizes: [3000, 10] }), sampleImage({ architecture: 'arm64' })];
    index = sampleIndex({ amd64: one, arm64: two });
    await writeLayout(join(dir, 'one'), '1', [one]);
    await writeLayout(join(dir, 'both'), '1', [one, two], index);
    const push = (layout: string, name: string): Promise<string> =>
      theirs('copy', '--all', `oci:${join(dir, layout)}:1`, `docker://${server.host}/${name}`);
    for (const name of ['team/web:1.0', 'team/web:1.1', 'other/web:1.0', 'team/db:2']) await push('one', name);
    await push('both', 'team/web:2.0');
  });

  /** Skopeo's own, on registries without TLS. */
  const theirs = (command: 'copy' | 'sync', ...args: readonly string[]): Promise<string> =>
    skopeo(command, '--src-tls-verify=false', '--dest-tls-verify=false', ...args);
  const sync = (...args: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', 'sync', '--tls-verify=false', '--retry-times', '0', ...args], { HOME: dir });
  const good = async (...args: readonly string[]): Promise<Document> => {
    const { code, stdout, stderr } = await sync(...args, '-o', 'json');
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    const document = JSON.parse(stdout) as Document;
    assertSchema('image-sync', document);
    return document;
  };
  /** Every file below a directory, with its bytes' digest. */
  const tree = async (name: string): Promise<Readonly<Record<string, string>>> => {
    const entries = await readdir(join(dir, name), { recursive: true, withFileTypes: true });
    const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
    const pairs = files.map(async file => [file.slice(dir.length + name.length + 2), digestOf(await readFile(file))]);
    return Object.fromEntries(await Promise.all(pairs));
  };
  const fresh = async (name: string): Promise<string> => {
    await mkdir(join(dir, name), { recursive: true });
    return join(dir, name);
  };
  /** What became of each tag. */
  const statuses = ({ Images }: Document): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Images.map(({ Source, Status, Digest }) => [Source.slice(Source.lastIndexOf(':') + 1), `${Status} ${Digest}`]),
    );
  const tags = async (repository: string): Promise<readonly string[]> => {
    const told = await skopeo('list-tags', '--tls-verify=false', `docker://${server.host}/${repository}`);
    return (JSON.parse(told) as { Tags: string[] }).Tags.toSorted();
  };
  const digest = async (name: string): Promise<string> =>
    digestOf(Buffer.from(await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${server.host}/${name}`)));

  const listed: readonly (readonly [string, readonly string[]])[] = [
    ['every tag of a repository', []],
    ['with --scoped', ['--scoped']],
    ['with --all', ['--all']],
  ];
  for (const [what, flags] of listed) {
    test(`from a registry to a directory it makes the files that skopeo makes: ${what}`, async () => {
      const name = `tree${flags.join('')}`;
      const [ours, skopeos] = [await fresh(`ours-${name}`), await fresh(`theirs-${name}`)];
      const platform = ['--override-arch', 'amd64'];
      await skopeo(
        ...platform,
        'sync',
        '--src-tls-verify=false',
        ...sides('docker', 'dir'),
        ...flags,
        repo('team/web'),
        skopeos,
      );
      await good(...platform, ...sides('docker', 'dir'), ...flags, repo('team/web'), ours);
      const files = await tree(`ours-${name}`);
      assert.deepEqual(files, await tree(`theirs-${name}`));
      assert.ok(Object.keys(files).some(file => file.endsWith('web:1.0/manifest.json')));
    });
  }

  const repo = (name: string): string => `${server.host}/${name}`;
  const sides = (src: string, dest: string): readonly string[] => ['--src', src, '--dest', dest];

  test('from a directory to a registry: what skopeo wrote by us, what we wrote by skopeo', async () => {
    await theirs('sync', ...sides('docker', 'dir'), '--all', repo('team/web'), await fresh('dir-theirs'));
    await good(...sides('dir', 'docker'), '--all', join(dir, 'dir-theirs'), repo('by-us/'));
    await good(...sides('docker', 'dir'), '--all', repo('team/web'), await fresh('dir-ours'));
    await theirs('sync', ...sides('dir', 'docker'), '--all', join(dir, 'dir-ours'), repo('by-skopeo'));
    for (const name of ['by-us/web', 'by-skopeo/web']) {
      assert.deepEqual(await tags(name), ['1.0', '1.1', '2.0']);
      assert.equal(await digest(`${name}:1.0`), one.manifest.digest);
      assert.equal(await digest(`${name}:2.0`), index.digest);
    }
  });

  test('a second sync copies nothing, to a registry and to a directory; what changed is copied', async () => {
    for (const [dest, to] of [
      ['docker', repo('twice')],
      ['dir', await fresh('twice')],
    ] as const) {
      const first = await good(...sides('docker', dest), '--all', repo('team/web'), to);
      assert.equal(first.Totals.Copied, 3);
      const second = await good(...sides('docker', dest), '--all', repo('team/web'), to);
      const { Copied, Present, Bytes } = second.Totals;
      assert.deepEqual({ Copied, Present, Bytes }, { Copied: 0, Present: 3, Bytes: 0 });
      assert.equal(statuses(second)['2.0'], `present ${index.digest}`);
    }
    const { ino } = await stat(join(dir, 'twice/web:1.0'));
    // An image of which a file is missing is not there, and neither is one whose tag moved.
    const layer = one.layers[0]?.digest.slice('sha256:'.length) ?? '';
    await rm(join(dir, 'twice/web:1.1', layer));
    await theirs('copy', `oci:${join(dir, 'one')}:1`, `docker://${repo('team/moved')}:1`);
    await good(...sides('docker', 'dir'), repo('team/moved'), join(dir, 'twice'));
    await theirs('copy', '--all', `oci:${join(dir, 'both')}:1`, `docker://${repo('team/moved')}:1`);
    const mended = await good(...sides('docker', 'dir'), '--all', repo('team/web'), join(dir, 'twice'));
    assert.deepEqual(statuses(mended), {
      '1.0': `present ${one.manifest.digest}`,
      '1.1': `copied ${one.manifest.digest}`,
      '2.0': `present ${index.digest}`,
    });
    assert.equal((await stat(join(dir, 'twice/web:1.1', layer))).size, one.layers[0]?.bytes.length);
    assert.equal((await stat(join(dir, 'twice/web:1.0'))).ino, ino);
    const moved = await good(...sides('docker', 'dir'), '--all', repo('team/moved'), join(dir, 'twice'));
    assert.deepEqual(statuses(moved), { 1: `copied ${index.digest}` });
  });

  test('without --all an index at the destination is not what is wanted', async () => {
    const to = repo('single');
    await good(...sides('docker', 'docker'), '--all', repo('team/web:2.0'), to);
    const arm = ['--override-arch', 'arm64'];
    const first = await good(...sides('docker', 'docker'), ...arm, repo('team/web:2.0'), to);
    assert.deepEqual(statuses(first), { '2.0': `copied ${two.manifest.digest}` });
    const again = await good(...sides('docker', 'docker'), ...arm, repo('team/web:2.0'), to);
    assert.equal(again.Totals.Present, 1);
    assert.equal(await digest('single/web:2.0'), two.manifest.digest);
  });

  test('the images of a YAML file: as skopeo has them, with credentials and TLS of each registry', async () => {
    const locked = await registry(cleaning, { htpasswd: { user: 'ann', password: 'pa55-w0rd' } });
    const list = join(dir, 'list.yaml');
    const auth = Buffer.from('ann:pa55-w0rd').toString('base64');
    await writeFile(join(dir, 'auth.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }));
    const flags = ['--dest-authfile', join(dir, 'auth.json')];
    await theirs('copy', ...flags, `oci:${join(dir, 'one')}:1`, `docker://${locked.host}/secret/app:1`);
    const text = [
      `${server.host}:`,
      '  tls-verify: false',
      '  images:',
      '    team/db: []',
      `    other/web: [1.0, "${one.manifest.digest}"]`,
      '  images-by-tag-regex:',
      '    team/web: ^1\\.[0-9]$',
      `${locked.host}:`,
      '  tls-verify: false',
      '  credentials: { username: ann, password: pa55-w0rd }',
      '  images: { secret/app: [1] }',
    ].join('\n');
    await writeFile(list, text, { mode: 0o600 });
    const verified = [
      'image',
      'sync',
      ...sides('yaml', 'dir'),
      '--scoped',
      '-o',
      'json',
      list,
      await fresh('yaml-ours'),
    ];
    const { code, stdout, stderr } = await run('node', [program, ...verified], { HOME: dir });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout + stderr, /w0rd/);
    await skopeo('sync', ...sides('yaml', 'dir'), '--scoped', list, await fresh('yaml-theirs'));
    const files = await tree('yaml-ours');
    assert.deepEqual(files, await tree('yaml-theirs'));
    assert.equal(Object.keys(files).filter(file => file.endsWith('manifest.json')).length, 6);
    await chmod(list, 0o644);
    const open = await sync(...sides('yaml', 'dir'), list, join(dir, 'yaml-ours'));
    assert.equal(open.code, 1);
    assert.match(open.stderr, /everybody on this host can read it\n.*chmod 600/);
    assert.doesNotMatch(open.stderr, /w0rd/);
  });

  test('--append-suffix comes after every tag', async () => {
    await good(...sides('docker', 'docker'), '--append-suffix=-copy', repo('team/db'), repo('suffix'));
    assert.deepEqual(await tags('suffix/db'), ['2-copy']);
  });

  test('--dry-run says what would be copied, and copies nothing', async () => {
    const to = await fresh('dry');
    const { Images, Totals } = await good(...sides('docker', 'dir'), '--dry-run', repo('team/db'), to);
    assert.equal(Totals.Planned, 1);
    assert.deepEqual(Images[0]?.Destination, `dir:${to}/db:2`);
    assert.deepEqual(await readdir(to), []);
    const { stderr, stdout } = await sync(...sides('docker', 'dir'), '--dry-run', repo('team/db'), to);
    assert.equal(stdout, '');
    assert.match(stderr, /^Would copy dir:.*\/dry\/db:2\n1 to be copied in \d+\.\d s\n$/);
  });

  test('where one fails the sync ends, with --keep-going after the others; both exit with 1', async () => {
    await theirs('sync', ...sides('docker', 'dir'), '--all', repo('team/web'), await fresh('broken'));
    await writeFile(join(dir, 'broken/web:1.0/manifest.json'), 'wrong');
    for (const tag of ['3.0', '3.1', '3.2', '3.3']) {
      await cp(join(dir, 'broken/web:1.1'), join(dir, `broken/web:${tag}`), { recursive: true });
    }
    const stopped = await sync(...sides('dir', 'docker'), '-o', 'json', join(dir, 'broken'), repo('stopped'));
    assert.equal(stopped.code, 1);
    const skipped = JSON.parse(stopped.stdout) as Document;
    assertSchema('image-sync', skipped);
    assert.equal(skipped.Totals.Failed, 1);
    assert.ok(skipped.Images.some(({ Status }) => Status === 'skipped'));
    assert.match(stopped.stderr, /dir:.*broken\/web:1\.0: Cannot read manifest\.json .*expected JSON/);
    const kept = await sync(...sides('dir', 'docker'), '--keep-going', join(dir, 'broken'), repo('kept'));
    assert.equal(kept.code, 1);
    assert.match(kept.stderr, /6 copied, 1 failed/);
    assert.deepEqual(await tags('kept/web'), ['1.1', '2.0', '3.0', '3.1', '3.2', '3.3']);
    const nowhere = await sync(...sides('docker', 'dir'), repo('team/none'), join(dir, 'none'));
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /team\/none/);
  });

  test('a transport before a place is taken where its flag says the same, and refused where it says another', async () => {
    const plain = await good(...sides('docker', 'dir'), '--dry-run', repo('team/web'), join(dir, 'twice'));
    const written = [`docker://${repo('team/web')}`, `dir:${join(dir, 'twice')}`];
    assert.deepEqual(await good(...sides('docker', 'dir'), '--dry-run', ...written), plain);
    const other = await sync(...sides('dir', 'docker'), `docker://${repo('team/web')}`, repo('x'));
    assert.equal(other.code, 1);
    assert.match(
      other.stderr,
      /"--src dir" says that it is something else\n {2}Give "--src docker", or correct the place\n/,
    );
    const destination = await sync(...sides('docker', 'docker'), repo('team/web'), 'dir:x');
    assert.match(destination.stderr, /Give "--dest dir"/);
  });

  test('what is half written is no image, and a directory is not synced to a directory', async () => {
    await theirs('sync', ...sides('docker', 'dir'), repo('team/web'), await fresh('half'));
    await cp(join(dir, 'half/web:1.0'), join(dir, 'half/.web:1.0.abcdef012345.tmp'), { recursive: true });
    const { Images } = await good(...sides('dir', 'docker'), '--dry-run', join(dir, 'half'), repo('half'));
    assert.equal(Images.length, 3);
    const refused = await sync(...sides('dir', 'dir'), join(dir, 'half'), join(dir, 'elsewhere'));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /directory to a directory\n.*rsync/);
    assert.notEqual((await trySkopeo('sync', ...sides('dir', 'dir'), join(dir, 'half'), join(dir, 'x'))).code, 0);
    const empty = await sync(...sides('dir', 'docker'), await fresh('empty'), repo('x'));
    assert.match(empty.stderr, /no image is below it/);
  });
});
