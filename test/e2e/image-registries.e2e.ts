import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { digestOf } from '../../src/image/digest.ts';
import { type SampleImage, sampleImage } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, trySkopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

/** A program that keeps one credential. */
const helper = '#!/bin/sh\ncat > /dev/null; echo \'{"Username":"ann","Secret":"pa55-w0rd"}\'\n';

describe('podstead image goes by registries.conf, as skopeo does', () => {
  const cleaning = cleanUps();
  let own: Registry;
  let mirror: Registry;
  let dir = '';
  let images: Readonly<Record<'own' | 'mirror', SampleImage>>;
  before(async () => {
    [own, mirror] = [await registry(cleaning), await registry(cleaning)];
    dir = await scratch(cleaning);
    await mkdir(join(dir, 'home'));
    images = { own: sampleImage(), mirror: sampleImage() };
    for (const name of ['own', 'mirror'] as const) await writeLayout(join(dir, name), '1', [images[name]]);
    await push('own', `${own.host}/team/web:1`);
    await push('own', `${own.host}/team/only:1`);
    await push('mirror', `${mirror.host}/copies/web:1`);
  });

  const push = (layout: string, name: string): Promise<string> =>
    skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, layout)}:1`, `docker://${name}`);
  const confPath = (): string => join(dir, 'registries.conf');
  const say = (text: string): Promise<void> => writeFile(confPath(), text);
  const podstead = (...args: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', ...args, '--retry-times', '0'], {
      ...{ HOME: join(dir, 'home'), CONTAINERS_REGISTRIES_CONF: confPath() },
    });
  const raw = async (name: string): Promise<string> => {
    const { code, stdout, stderr } = await podstead('inspect', '--raw', name);
    assert.equal(code, 0, stderr);
    return digestOf(Buffer.from(stdout));
  };
  const theirs = (...args: readonly string[]): Promise<Ran> => trySkopeo('--registries-conf', confPath(), ...args);
  /** What both say is there. */
  const both = async (name: string): Promise<string> => {
    const judge = await theirs('inspect', '--raw', `docker://${name}`);
    assert.equal(judge.code, 0, judge.stderr);
    const digest = await raw(`docker://${name}`);
    assert.equal(digest, digestOf(Buffer.from(judge.stdout)));
    return digest;
  };

  test('a location takes the place of a prefix, and insecure says that it may do without TLS', async () => {
    await say(`[[registry]]\nprefix = "images.example/a"\nlocation = "${own.host}/team"\ninsecure = true\n`);
    assert.equal(await both('images.example/a/web:1'), images.own.manifest.digest);
    const told = await podstead('inspect', 'docker://images.example/a/web:1');
    const { Name, RepoTags } = JSON.parse(told.stdout) as { Name: string; RepoTags: string[] };
    assert.deepEqual({ Name, RepoTags }, { Name: 'images.example/a/web', RepoTags: ['1'] });
    const tags = await podstead('list-tags', 'docker://images.example/a/web');
    assert.deepEqual(JSON.parse(tags.stdout), { Repository: 'images.example/a/web', Tags: ['1'] });
    await say(`[[registry]]\nprefix = "images.example/a"\nlocation = "${own.host}/team"\n`);
    const secure = await podstead('inspect', 'docker://images.example/a/web:1');
    assert.equal(secure.code, 1);
    assert.notEqual((await theirs('inspect', 'docker://images.example/a/web:1')).code, 0);
    assert.match(secure.stderr, new RegExp(`${own.host}.*\n.*--tls-verify=false`));
    const flagged = await podstead('inspect', '--tls-verify=false', 'docker://images.example/a/web:1');
    assert.equal(flagged.code, 0, flagged.stderr);
  });

  test('a subdomain fits a prefix with a star', async () => {
    await say(`[[registry]]\nprefix = "*.images.example"\nlocation = "${own.host}"\ninsecure = true\n`);
    assert.equal(await both('eu.images.example/team/web:1'), images.own.manifest.digest);
  });

  test('mirrors come first; what they lack, or when they are gone, is where it always was', async () => {
    const conf = [
      `[[registry]]\nlocation = "${own.host}/team"\ninsecure = true`,
      '[[registry.mirror]]\nlocation = "127.0.0.1:9/gone"\ninsecure = true',
      `[[registry.mirror]]\nlocation = "${mirror.host}/copies"\ninsecure = true`,
    ];
    await say(conf.join('\n'));
    assert.equal(await both(`${own.host}/team/web:1`), images.mirror.manifest.digest);
    assert.equal(await both(`${own.host}/team/only:1`), images.own.manifest.digest);
    const to = `oci:${join(dir, 'copied')}:1`;
    const copied = await podstead('copy', `docker://${own.host}/team/web:1`, to, '-o', 'json');
    assert.equal(copied.code, 0, copied.stderr);
    const { Source, Digest } = JSON.parse(copied.stdout) as { Source: string; Digest: string };
    assert.deepEqual([Source, Digest], [`docker://${own.host}/team/web:1`, images.mirror.manifest.digest]);
    const none = await podstead('inspect', `docker://${own.host}/team/none:1`);
    assert.equal(none.code, 1);
    assert.match(none.stderr, new RegExp(`${own.host}/team/none:1.*\n.*mirrors.*9/gone.*copies/none`));
    await say(conf.join('\n').replace('insecure = true', 'insecure = true\nmirror-by-digest-only = true'));
    assert.equal(await both(`${own.host}/team/web:1`), images.own.manifest.digest);
  });

  test('what is blocked is neither read nor written', async () => {
    await say(`[[registry]]\nlocation = "${own.host}/team"\ninsecure = true\nblocked = true\n`);
    const from = await podstead('inspect', `docker://${own.host}/team/web:1`);
    const to = await podstead('copy', `oci:${join(dir, 'own')}:1`, `docker://${own.host}/team/new:1`);
    const listed = await podstead('list-tags', `docker://${own.host}/team/web`);
    for (const { code, stderr } of [from, to, listed]) {
      assert.equal(code, 1);
      assert.match(stderr, /"127\.0\.0\.1:\d+\/team" is blocked\n.*registries\.conf" says so/);
    }
    for (const args of [
      ['inspect', `docker://${own.host}/team/web:1`],
      ['list-tags', `docker://${own.host}/team/web`],
    ]) {
      assert.match((await theirs(...args)).stderr, /blocked/);
    }
  });

  test('what is written goes where its name says, and not to a location or a mirror', async () => {
    await say(
      [
        `[[registry]]\nprefix = "${own.host}/moved"\nlocation = "${mirror.host}/elsewhere"\ninsecure = true`,
        `[[registry]]\nlocation = "${mirror.host}"\ninsecure = true`,
      ].join('\n'),
    );
    const layout = `oci:${join(dir, 'own')}:1`;
    const ours = await podstead('copy', layout, `docker://${own.host}/moved/ours:1`);
    assert.equal(ours.code, 0, ours.stderr);
    const judge = await theirs('copy', '-q', layout, `docker://${own.host}/moved/theirs:1`);
    assert.equal(judge.code, 0, judge.stderr);
    for (const name of ['ours', 'theirs']) {
      const told = await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${own.host}/moved/${name}:1`);
      assert.equal(digestOf(Buffer.from(told)), images.own.manifest.digest);
    }
  });

  test('a name without a transport is resolved as podman resolves it: an alias, else the first registry that has it', async () => {
    const insecure = `[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n`;
    await say(`${insecure}[aliases]\nweb = "${own.host}/team/web"\n`);
    assert.equal(await raw('web:1'), images.own.manifest.digest);
    await say(`unqualified-search-registries = ["${mirror.host}", "${own.host}"]\n${insecure}`);
    assert.equal(await raw('team/only:1'), images.own.manifest.digest);
    assert.equal(await raw('copies/web:1'), images.mirror.manifest.digest);
    const none = await podstead('inspect', 'team/none:1');
    assert.match(none.stderr, new RegExp(`Cannot find "team/none:1".*${mirror.host}.*${own.host}`));
    await say(`short-name-mode = "enforcing"\nunqualified-search-registries = ["${mirror.host}", "${own.host}"]\n`);
    const guess = await podstead('inspect', 'team/only:1');
    assert.match(guess.stderr, /Cannot tell where "team\/only:1" is.*\n.*enforcing/);
  });

  test('credentials come from the helpers that it names', async () => {
    const locked = await registry(cleaning, { htpasswd: { user: 'ann', password: 'pa55-w0rd' } });
    await writeFile(join(dir, 'docker-credential-test'), helper, { mode: 0o755 });
    await say(
      `credential-helpers = ["containers-auth.json", "test"]\n[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n`,
    );
    const env = { PATH: `${dir}:${process.env.PATH}`, HOME: join(dir, 'home') };
    const conf = ['--registries-conf', confPath(), '--insecure-policy'];
    const [layout, name] = [`oci:${join(dir, 'own')}:1`, `docker://${locked.host}/secret/app`];
    const judge = await run('skopeo', [...conf, 'copy', '-q', layout, `${name}:theirs`], env);
    assert.equal(judge.code, 0, judge.stderr);
    const more = { ...env, CONTAINERS_REGISTRIES_CONF: confPath() };
    const ours = await run('node', [program, 'image', 'copy', layout, `${name}:ours`], more);
    assert.equal(ours.code, 0, ours.stderr);
    const told = await run('node', [program, 'image', 'list-tags', name], more);
    assert.deepEqual((JSON.parse(told.stdout) as { Tags: string[] }).Tags.toSorted(), ['ours', 'theirs']);
  });

  test('a file with a fault stops what asks a registry, with file, line and column, and nothing else', async () => {
    await say('[[registry]]\nlocation = "a.example"\n  blocked = "no"\n');
    const { code, stderr } = await podstead('inspect', `docker://${own.host}/team/web:1`);
    assert.equal(code, 1);
    assert.match(stderr, /registries\.conf:3:3: in "registry\.blocked" expected true or false/);
    assert.equal((await podstead('inspect', `oci:${join(dir, 'own')}:1`)).code, 0);
  });

  test('a sync reads through mirrors and locations too', async () => {
    await say(`[[registry]]\nprefix = "images.example"\nlocation = "${own.host}"\ninsecure = true\n`);
    const to = join(dir, 'synced');
    const { code, stdout, stderr } = await podstead(
      ...['sync', '--src', 'docker', '--dest', 'dir', '-o', 'json', 'images.example/team/web', to],
    );
    assert.equal(code, 0, stderr);
    const { Images } = JSON.parse(stdout) as { Images: { Source: string; Digest: string }[] };
    assert.deepEqual(
      Images.map(({ Source, Digest }) => [Source, Digest]),
      [['docker://images.example/team/web:1', images.own.manifest.digest]],
    );
  });
});
