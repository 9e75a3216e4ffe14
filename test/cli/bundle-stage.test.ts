import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stage } from '../../src/cli/bundle-stage.ts';
import { makeLoad } from '../../src/cli/desire.ts';
import type { Desired } from '../../src/model/desired.ts';
import { pathsSource } from '../../src/source/paths.ts';
import { writeFiles } from '../e2e/podstead.ts';

const { signal } = new AbortController();
let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pdg-'));
});
after(() => rm(dir, { recursive: true, force: true }));

const pod = (name: string, image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: main, image: '${image}' }] }\n`;

async function staged(
  paths: readonly string[],
  stdin = '',
): Promise<{ readonly paths: readonly string[]; readonly desired: Desired; readonly again: Desired }> {
  const load = makeLoad({ owner: 'podstead', strict: false });
  const source = pathsSource(paths, { cwd: join(dir, 'site'), stdin: async () => stdin });
  const snapshot = await source.read({ signal });
  const { desired } = await load(snapshot);
  const directory = join(dir, 'staged/manifests');
  const parts = await stage({ snapshot, desired, directory, signal });
  const { desired: again } = await load(await pathsSource([directory], { cwd: '/' }).read({ signal }));
  return { paths: parts.map(({ path }) => path), desired, again };
}

test('stage() keeps manifests and what they are built from beside each other, wherever they lay', async () => {
  await writeFiles(join(dir, 'site'), {
    'a/web.yaml': pod('web', 'localhost/web:1'),
    'a/web/Containerfile': 'FROM scratch\n',
    'a/web/deep/run.sh': '#!/bin/sh\n',
    'a/web/.hidden': 'x',
    'a/other/Containerfile': 'FROM scratch\n',
    '.b/db': pod('db', 'quay.io/db:1'),
  });
  await chmod(join(dir, 'site/a/web/deep/run.sh'), 0o755);
  await chmod(join(dir, 'site/a/web/deep'), 0o750);
  await symlink('deep/run.sh', join(dir, 'site/a/web/start'));
  const { paths, desired, again } = await staged(['a', '.b/db', '-'], pod('in', 'quay.io/in:1'));
  assert.deepEqual([...paths].sort(), [
    '_b/db.yaml',
    'a/web.yaml',
    'a/web/.hidden',
    'a/web/Containerfile',
    'a/web/deep',
    'a/web/deep/run.sh',
    'a/web/start',
    'stdin.yaml',
  ]);
  assert.deepEqual([...again.pods.keys()].sort(), [...desired.pods.keys()].sort());
  // Over every mode, link and content.
  const digestOf = (from: Desired): string | undefined => from.images.get('localhost/web:1')?.build?.digest;
  assert.ok(digestOf(desired) !== undefined);
  assert.equal(digestOf(again), digestOf(desired));
});

test('stage() leaves nothing of an earlier try, and files for their owner alone', async () => {
  await writeFiles(dir, { 'staged/manifests/old.yaml': pod('old', 'quay.io/old:1') });
  const { paths, again } = await staged(['.b/db']);
  assert.deepEqual(paths, ['db.yaml']);
  assert.equal(again.pods.size, 1);
  const file = join(dir, 'staged/manifests/db.yaml');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(file, 'utf8'), pod('db', 'quay.io/db:1'));
});
