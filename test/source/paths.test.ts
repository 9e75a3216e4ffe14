import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { directorySource } from '../../src/source/dir.ts';
import { pathsSource } from '../../src/source/paths.ts';
import { scratch, unending } from './scratch.ts';

const signal = unending;

test('pathsSource reads files, directories and standard input in the order given', async t => {
  const cwd = scratch(t, { 'z.txt': 'z', 'pods/b.yaml': 'b', 'pods/a.yaml': 'a' });
  const source = pathsSource(['z.txt', '-', 'pods', 'pods/a.yaml'], { cwd, stdin: async () => 'in' });
  const snapshot = await source.read({ signal });
  assert.deepEqual(
    snapshot.files.map(file => [file.path, file.text]),
    [
      ['z.txt', 'z'],
      ['-', 'in'],
      ['pods/a.yaml', 'a'],
      ['pods/b.yaml', 'b'],
    ],
  );
  assert.equal(snapshot.files[1]?.directory, cwd);
  assert.deepEqual(snapshot.problems, []);
});

test('pathsSource reads standard input once', async t => {
  let reads = 0;
  const source = pathsSource(['-'], { cwd: scratch(t), stdin: async () => `in ${++reads}` });
  const snapshots = [await source.read({ signal }), await source.read({ signal })];
  assert.deepEqual(
    snapshots.map(s => s.files[0]?.text),
    ['in 1', 'in 1'],
  );
  assert.equal(snapshots[0]?.revision, snapshots[1]?.revision);
});

test('pathsSource finds the build contexts beside a file, and nothing else there', async t => {
  const cwd = scratch(t, { 'a.yaml': 'a', 'other.yaml': '', 'web/Dockerfile': '', 'far/away/Dockerfile': '' });
  const snapshot = await pathsSource(['a.yaml'], { cwd }).read({ signal });
  assert.deepEqual([...snapshot.contexts.keys()], [join(cwd, 'web')]);
  assert.deepEqual(
    snapshot.files.map(file => file.path),
    ['a.yaml'],
  );
});

test('pathsSource of one directory is the directorySource of it', async t => {
  const cwd = scratch(t, { 'pods/a.yaml': 'a' });
  const one = await pathsSource(['pods'], { cwd }).read({ signal });
  assert.deepEqual(one, await directorySource('pods', { cwd }).read({ signal }));
});

test('pathsSource throws where a path is missing, and does not take it for empty', async t => {
  const cwd = scratch(t, { 'a.yaml': 'a' });
  await assert.rejects(pathsSource(['a.yaml', 'none.yaml'], { cwd }).read({ signal }), { code: 'SOURCE_MISSING' });
});

test('pathsSource reports standard input that is no text', async t => {
  const snapshot = await pathsSource(['-'], { cwd: scratch(t), stdin: async () => 'a\0b' }).read({ signal });
  assert.deepEqual(
    snapshot.problems.map(problem => [problem.code, problem.file]),
    [['FILE_NOT_TEXT', '-']],
  );
});
