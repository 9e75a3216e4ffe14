import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { digestOf } from '../../src/image/digest.ts';
import { tarOf } from '../image/samples.ts';
import { type Ran, run } from './host.ts';
import { scratch, skopeo } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

describe('podstead image copy from tarball:', () => {
  const cleaning = cleanUps();
  let dir = '';
  let base: Buffer;
  let app: Buffer;
  before(async () => {
    dir = await scratch(cleaning);
    [base, app] = [tarOf('base', Buffer.from('base'.repeat(50_000))), tarOf('app', Buffer.from('app'))];
    await writeFile(at('base.tar'), base);
    await writeFile(at('app.tar.gz'), execFileSync('gzip', ['-n'], { input: app }));
    await writeFile(at('app.tar.zst'), execFileSync('zstd', ['-q'], { input: app }));
    // The later one first, and with a part of a second.
    await utimes(at('base.tar'), 1_790_000_000.25, 1_790_000_000.25);
    await utimes(at('app.tar.gz'), 1_780_000_000, 1_780_000_000);
  });

  const at = (name: string): string => join(dir, name);
  const copy = (from: string, to: string, ...flags: readonly string[]): Promise<Ran> =>
    run('node', [program, 'image', 'copy', ...flags, from, to], { HOME: dir, TMPDIR: dir });

  test('tar archives become an image of a layer each, the same that skopeo makes', async () => {
    const from = `tarball:${at('base.tar')}:${at('app.tar.gz')}`;
    const { code, stderr } = await copy(from, `dir:${at('ours')}`, '--preserve-digests');
    assert.equal(code, 0, stderr);
    const theirs = ['--insecure-policy', 'copy', '-q', from, `dir:${at('theirs')}`];
    assert.equal((await run('skopeo', theirs, { TZ: 'UTC' })).code, 0);
    const names = (await readdir(at('theirs'))).sort();
    assert.deepEqual((await readdir(at('ours'))).sort(), names);
    for (const name of names) {
      const [our, their] = await Promise.all([readFile(join(at('ours'), name)), readFile(join(at('theirs'), name))]);
      assert.equal(our.toString('latin1'), their.toString('latin1'), name);
    }
  });

  test('an archive packed by zstd is a layer of zstd, and unpacks to what it was', async () => {
    const { code, stderr } = await copy(`tarball:${at('app.tar.zst')}`, `oci:${at('zstd')}:1`);
    assert.equal(code, 0, stderr);
    const config = JSON.parse(await skopeo('inspect', '--config', '--raw', `oci:${at('zstd')}:1`));
    assert.deepEqual(config.rootfs.diff_ids, [digestOf(app)]);
    assert.match(await skopeo('inspect', '--raw', `oci:${at('zstd')}:1`), /tar\+zstd/);
    const loaded = await copy(`tarball:${at('base.tar')}:${at('app.tar.zst')}`, `docker-archive:${at('x.tar')}:x:1`);
    assert.equal(loaded.code, 0, loaded.stderr);
    await skopeo('copy', '-q', `docker-archive:${at('x.tar')}`, `oci:${at('check')}:1`);
  });

  test('what is no archive, is not there, or is to be written is told', async () => {
    await writeFile(at('notes.txt'), 'no archive'.repeat(100));
    await writeFile(at('notes.gz'), execFileSync('gzip', { input: 'no archive'.repeat(100) }));
    await writeFile(at('broken.tar.gz'), (await readFile(at('app.tar.gz'))).subarray(0, 40));
    await symlink(at('base.tar'), at('link.tar'));
    const wrong: readonly (readonly [string, RegExp])[] = [
      [`tarball:${at('notes.txt')}`, /notes\.txt": it is no tar archive/],
      [`tarball:${at('base.tar')}:${at('notes.gz')}`, /notes\.gz": it is no tar archive/],
      [`tarball:${at('broken.tar.gz')}`, /unexpected end of file/],
      [`tarball:${dir}`, /expected a file/],
      [`tarball:${at('none.tar')}`, /Cannot read ".*none\.tar"/],
      [`tarball:${at('base.tar')}:`, /expected a path/],
      ['tarball:-', /standard input/],
    ];
    for (const [from, message] of wrong) {
      const { code, stderr } = await copy(from, `dir:${at('wrong')}`);
      assert.equal(code, 1, from);
      assert.match(stderr, message);
    }
    assert.equal((await copy(`tarball:${at('link.tar')}`, `dir:${at('linked')}`)).code, 0);
    const written = await copy(`dir:${at('linked')}`, `tarball:${at('written.tar')}`);
    assert.match(written.stderr, /it is only read/);
    assert.ok(!(await readdir(dir)).some(name => name === 'wrong' || name === 'written.tar'));
  });
});
