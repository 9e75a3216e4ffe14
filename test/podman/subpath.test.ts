import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resolveSubPath } from '../../src/podman/subpath.ts';

let base: string;
before(async () => {
  base = await mkdtemp(join(tmpdir(), 'pdq-'));
  await mkdir(join(base, 'dir'), { mode: 0o750 });
  await writeFile(join(base, 'dir/file'), '');
  await symlink('/etc', join(base, 'out'));
  await symlink('dir', join(base, 'in'));
  await symlink('file', join(base, 'dir/link'));
});
after(() => rm(base, { recursive: true }));

for (const subPath of ['dir', 'dir/file', './dir//file', '.']) {
  test(`resolveSubPath() takes "${subPath}"`, async () => {
    assert.equal(await resolveSubPath(base, subPath, { create: false }), join(base, subPath).replace(/\/$/, ''));
  });
}

for (const subPath of ['out', 'out/passwd', 'in', 'in/file', 'dir/link', 'dir/file/x', '../x', 'dir/../../x', '/etc']) {
  for (const create of [false, true]) {
    test(`resolveSubPath() refuses "${subPath}"${create ? ' when it may create' : ''}`, async () => {
      await assert.rejects(resolveSubPath(base, subPath, { create }), { code: 'PATH_UNSAFE' });
    });
  }
}

test('resolveSubPath() makes what is missing like its parent, where it may', async () => {
  await assert.rejects(resolveSubPath(base, 'dir/new/deep', { create: false }), { code: 'PATH_MISSING' });
  for (let i = 0; i < 2; i++) await resolveSubPath(base, 'dir/new/deep', { create: true });
  assert.equal((await stat(join(base, 'dir/new/deep'))).mode & 0o777, 0o750);
  await assert.rejects(resolveSubPath(join(base, 'none'), 'x', { create: true }), { code: 'PATH_MISSING' });
});
