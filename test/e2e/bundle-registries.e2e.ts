import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type SampleImage, sampleImage } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, eventually, host, program, writeFiles } from './podstead.ts';

describe('podstead bundle create goes by registries.conf, as image copy does', () => {
  const cleaning = cleanUps();
  let own: Registry;
  let mirror: Registry;
  let dir = '';
  let images: Readonly<Record<'own' | 'mirror', SampleImage>>;
  let count = 0;
  before(async () => {
    [own, mirror] = [await registry(cleaning), await registry(cleaning)];
    dir = await scratch(cleaning);
    images = { own: sampleImage(), mirror: sampleImage() };
    for (const name of ['own', 'mirror'] as const) await writeLayout(join(dir, name), '1', [images[name]]);
    await push('own', `${own.host}/team/web:1`);
    await push('own', `${own.host}/mirrored/web:1`);
    await push('own', `${own.host}/mirrored/only:1`);
    await push('mirror', `${mirror.host}/copies/web:1`);
  });

  const push = (layout: string, name: string): Promise<string> =>
    skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, layout)}:1`, `docker://${name}`);
  const env = (): Readonly<Record<string, string>> => ({
    ...{ HOME: dir, CONTAINERS_REGISTRIES_CONF: join(dir, 'registries.conf') },
  });
  /** A bundle of one pod for each image, by what registries.conf says. */
  const create = async (conf: string, ...names: readonly string[]): Promise<Ran & { readonly file: string }> => {
    await writeFile(join(dir, 'registries.conf'), conf);
    const [manifests, file] = [join(dir, `manifests${++count}`), join(dir, `${count}.bundle`)];
    const pods = names.map((image, index): readonly [string, string] => [
      `${index}.yaml`,
      `apiVersion: v1\nkind: Pod\nmetadata: { name: p${index} }\nspec: { containers: [{ name: main, image: '${image}' }] }\n`,
    ]);
    await writeFiles(manifests, Object.fromEntries(pods));
    const args = ['bundle', 'create', manifests, '-f', file, '--retry-times', '0'];
    return { ...(await run('node', [program, ...args], env())), file };
  };
  const digests = async (file: string): Promise<Readonly<Record<string, string>>> => {
    const { code, stdout, stderr } = await run('node', [program, 'bundle', 'inspect', file, '-o', 'json'], env());
    assert.equal(code, 0, stderr);
    const { images } = JSON.parse(stdout) as { images: { reference: string; digest: string }[] };
    return Object.fromEntries(images.map(({ reference, digest }) => [reference, digest]));
  };
  const insecure = '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n';

  test('a location takes the place of a prefix, mirrors come first, and insecure may do without TLS', async () => {
    const conf = [
      insecure,
      `[[registry]]\nprefix = "images.example/a"\nlocation = "${own.host}/team"\ninsecure = true`,
      `[[registry]]\nlocation = "${own.host}/mirrored"\ninsecure = true`,
      `[[registry.mirror]]\nlocation = "${mirror.host}/copies"\ninsecure = true`,
    ].join('\n');
    const names = ['images.example/a/web:1', `${own.host}/mirrored/web:1`, `${own.host}/mirrored/only:1`];
    const made = await create(conf, ...names);
    assert.equal(made.code, 0, made.stderr);
    const [ofOwn, ofMirror] = [images.own.manifest.digest, images.mirror.manifest.digest];
    assert.deepEqual(await digests(made.file), {
      ...{ 'images.example/a/web:1': ofOwn, [`${own.host}/mirrored/web:1`]: ofMirror },
      [`${own.host}/mirrored/only:1`]: ofOwn,
    });
    const secure = await create(conf.replaceAll('insecure = true', ''), 'images.example/a/web:1');
    assert.equal(secure.code, 1);
    assert.match(secure.stderr, /--tls-verify=false/);
  });

  test('what is blocked is not bundled', async () => {
    const made = await create(
      `[[registry]]\nlocation = "${own.host}/team"\nblocked = true\n`,
      `${own.host}/team/web:1`,
    );
    assert.equal(made.code, 1);
    assert.match(made.stderr, /team" is blocked\n.*registries\.conf" says so/);
  });

  test('a short name is that of its alias, else of the first registry that has it; it is told which', async () => {
    // A name that would be a place, were it not in a manifest.
    const aliased = await create(`${insecure}[aliases]\ndir = "${own.host}/team/web"\n`, 'dir:1');
    assert.equal(aliased.code, 0, aliased.stderr);
    assert.match(aliased.stderr, new RegExp(`^Took dir:1 from docker://${own.host}/team/web:1$`, 'm'));
    assert.deepEqual(await digests(aliased.file), { 'dir:1': images.own.manifest.digest });
    const search = `unqualified-search-registries = ["${mirror.host}", "${own.host}"]\n${insecure}`;
    const searched = await create(search, 'team/web:1', 'copies/web:1');
    assert.equal(searched.code, 0, searched.stderr);
    assert.deepEqual(await digests(searched.file), {
      ...{ 'team/web:1': images.own.manifest.digest, 'copies/web:1': images.mirror.manifest.digest },
    });
    const none = await create(search, 'team/none:1');
    assert.match(none.stderr, new RegExp(`Cannot find "team/none:1".*${mirror.host}.*${own.host}`));
    const guess = await create(`short-name-mode = "enforcing"\n${search}`, 'team/web:1');
    assert.match(guess.stderr, /Cannot tell where "team\/web:1" is/);
  });

  test('an engine that knows none of it finds a short name of the bundle all the same', async () => {
    const on = await host(cleaning);
    const podman = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await on.engine.podman(...args);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    await podman('push', '--tls-verify=false', 'localhost/bb:1', `${own.host}/team/runs:1`);
    await podman('rmi', '-af');
    const made = await create(`${insecure}[aliases]\nruns = "${own.host}/team/runs"\n`, 'runs:1');
    assert.equal(made.code, 0, made.stderr);
    await own.stop();
    await rm(join(dir, 'registries.conf'));
    const applied = await on.podstead('bundle', 'apply', made.file);
    assert.equal(applied.code, 0, applied.stderr);
    await eventually('it runs', on.containers, all => all.get('p0-main')?.State === 'running');
    const again = await on.podstead('bundle', 'apply', made.file, '-o', 'json');
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(JSON.parse(again.stdout).changes, []);
  });
});
