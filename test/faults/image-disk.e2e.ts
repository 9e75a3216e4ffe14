import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, beforeEach, describe, test } from 'node:test';
import { type Ran, registry, run } from '../e2e/host.ts';
import { scratch, skopeo, writeLayout } from '../e2e/oci-layout.ts';
import { cleanUps, type Host, host, program, writeFiles } from '../e2e/podstead.ts';
import { sampleImage } from '../image/samples.ts';
import { tinyDisk } from './small-disk.ts';

/** More than one write takes, and of the last a part finds room on the disk. */
const layerBytes = 300_000;
const diskKilobytes = 260;

describe('the disk that images are written to is full', () => {
  const cleaning = cleanUps();
  let on: Host;
  let server = '';
  let dir = '';
  let disk = '';
  before(async () => {
    on = await host(cleaning);
    dir = await scratch(cleaning);
    disk = await tinyDisk(cleaning, diskKilobytes);
    await writeFile(join(dir, 'file'), randomBytes(layerBytes));
    execFileSync('tar', ['-C', dir, '-cf', join(dir, 'x.tar'), 'file']);
    await writeLayout(join(dir, 'layout'), '1', [sampleImage({ sizes: [layerBytes] })]);
    server = (await registry(cleaning)).host;
    await skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${join(dir, 'layout')}:1`, `docker://${server}/a:1`);
  });
  const podstead = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    run('node', [program, ...args], { ...on.env, ...env });

  /** The command fails by the disk and says what to do, whatever it was doing. What it was to write is returned. */
  async function toldFull(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, stderr } = await podstead(args, env);
    assert.equal(code, 1, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, /Cannot write ".*": no space is left on its disk[\s\S]*Free space/);
    assert.doesNotMatch(stderr, /^ +at /m);
    return /Cannot write "(.*)": /.exec(stderr)?.[1] ?? '';
  }

  const empty = async (): Promise<void> => {
    await rm(join(dir, 'out'), { recursive: true, force: true });
    for (const name of await readdir(disk)) await rm(join(disk, name), { recursive: true });
  };
  beforeEach(empty);

  /** Nothing of a try is left on the disk, but what an image there may be made of. */
  async function emptied(): Promise<void> {
    const left = await readdir(disk, { recursive: true });
    assert.deepEqual(
      left.filter(name => /podstead-|\.tmp/.test(name)),
      [],
    );
    await empty();
  }

  const places = ['oci:OUT:1', 'dir:OUT', 'oci-archive:OUT:1'];
  for (const place of places) {
    test(`a layer that cannot be kept while it is packed anew is never cut short for ${place}`, async () => {
      const to = place.replace('OUT', join(dir, 'out'));
      const flags = ['--insecure-policy', '--dest-compress-format', 'zstd'];
      await toldFull(['image', 'copy', ...flags, `tarball:${join(dir, 'x.tar')}`, to], { TMPDIR: disk });
      await emptied();
      await assert.rejects(skopeo('inspect', to), 'nothing there looks whole');
    });
  }

  for (const place of [...places, 'docker-archive:OUT:x']) {
    test(`a copy to ${place} tells it, and leaves nothing that looks whole`, async () => {
      const to = place.replace('OUT', join(disk, 'out'));
      await toldFull(['image', 'copy', '--insecure-policy', `oci:${join(dir, 'layout')}:1`, to]);
      await assert.rejects(skopeo('inspect', to));
      await emptied();
    });
  }

  test('an image of an engine that cannot be kept meanwhile tells it', async () => {
    await on.engine.podman('pull', '-q', '--tls-verify=false', `${server}/a:1`);
    const from = `containers-storage:${server}/a:1`;
    await toldFull(['image', 'copy', '--insecure-policy', from, `dir:${join(dir, 'out')}`], { TMPDIR: disk });
    await emptied();
    const to = 'containers-storage:localhost/x:1';
    await toldFull(['image', 'copy', '--insecure-policy', `oci:${join(dir, 'layout')}:1`, to], { TMPDIR: disk });
    await emptied();
  });

  test('a sync tells it of each image', async () => {
    const flags = ['--src', 'docker', '--dest', 'dir', '--insecure-policy', '--src-tls-verify=false'];
    await toldFull(['image', 'sync', ...flags, `${server}/a:1`, disk]);
    await emptied();
  });

  test('a bundle tells it, while images are fetched, files are copied and all is put together', async () => {
    const source = join(dir, 'site');
    await writeFiles(source, { 'web.yaml': podOf(`${server}/a:1`) });
    const create = ['bundle', 'create', '--tls-verify=false', '-f', join(disk, 'site.bundle'), source];
    assert.equal(await toldFull(create), join(disk, 'site.bundle.partial'));
    await emptied();
    for (const [kilobytes, path] of [
      [300, 'site.bundle.partial/manifests'],
      [200, 'site.bundle'],
    ] as const) {
      await writeFiles(source, {
        'web.yaml': podOf('localhost/web:1'),
        'web/Containerfile': 'FROM scratch\nCOPY . /\n',
      });
      await writeFile(join(source, 'web/zeros'), Buffer.alloc(kilobytes * 1000));
      assert.equal(await toldFull(create), join(disk, path));
      await emptied();
    }
  });

  test('a bundle that is applied tells it, and what was unpacked before stays', async () => {
    const [source, bundle] = [join(dir, 'large'), join(dir, 'large.bundle')];
    await mkdir(join(source, 'web'), { recursive: true });
    await writeFiles(source, { 'web.yaml': podOf('localhost/web:1'), 'web/Containerfile': 'FROM scratch\nCOPY . /\n' });
    await writeFile(join(source, 'web/zeros'), Buffer.alloc(2 ** 20));
    const { code, stderr } = await podstead(['bundle', 'create', '-f', bundle, source]);
    assert.equal(code, 0, stderr);
    await writeFiles(join(disk, 'bundle/manifests'), { 'old.yaml': 'old' });
    await toldFull(['bundle', 'apply', bundle], { STATE_DIRECTORY: disk });
    assert.deepEqual(await readdir(join(disk, 'bundle/manifests')), ['old.yaml']);
    await emptied();
  });
});

function podOf(image: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  containers: [{ name: main, image: '${image}' }]\n`;
}
