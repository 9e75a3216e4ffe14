import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { test } from 'node:test';
import { mountPoints } from '../../src/podman/mount-table.ts';
import { giveToGroup, isOfGroup } from '../../src/podman/ownership.ts';

const skip = getuid?.() === 0 ? false : 'only root may give files away';
const { signal } = new AbortController();
const mode = async (path: string): Promise<string> => ((await lstat(path)).mode & 0o7777).toString(8);

test('giveToGroup() gives all below a directory, links included, and follows none', { skip }, async t => {
  const dir = await mkdtemp(join(tmpdir(), 'pdg-'));
  t.after(() => rm(dir, { recursive: true }));
  const [volume, outside] = [join(dir, 'volume'), join(dir, 'outside')];
  await mkdir(join(volume, 'sub'), { recursive: true, mode: 0o700 });
  await writeFile(outside, 'not of the volume', { mode: 0o600 });
  await writeFile(join(volume, 'sub', 'file'), '', { mode: 0o600 });
  await symlink(outside, join(volume, 'link'));
  await chmod(volume, 0o700);
  assert.equal(await isOfGroup(volume, 4321), false);
  await giveToGroup(volume, 4321, 'write', { signal });
  assert.equal(await isOfGroup(volume, 4321), true);
  for (const name of ['', 'sub', 'sub/file', 'link']) assert.equal((await lstat(join(volume, name))).gid, 4321, name);
  assert.deepEqual(
    [await mode(volume), await mode(join(volume, 'sub')), await mode(join(volume, 'sub/file'))],
    ['2770', '2770', '660'],
  );
  const { gid, mode: left } = await stat(outside);
  assert.deepEqual([gid, left & 0o777], [0, 0o600], 'what a link leads to stays as it is');
});

test('giveToGroup() lets the group read, and no more, what is read only', { skip }, async t => {
  const dir = await mkdtemp(join(tmpdir(), 'pdg-'));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'key'), '', { mode: 0o400 });
  await giveToGroup(dir, 4321, 'read', { signal });
  assert.deepEqual([await mode(dir), await mode(join(dir, 'key'))], ['750', '440']);
});

test('mountPoints() reads the places in mountinfo, blanks in them too', () => {
  const table = '36 35 98:0 / /a/b\\040c rw - ext3 /dev/root rw\n37 36 0:5 / /a/b\\040c/d rw - tmpfs none rw\n';
  assert.deepEqual(mountPoints(table).slice(0, 2), ['/a/b c', '/a/b c/d']);
});
