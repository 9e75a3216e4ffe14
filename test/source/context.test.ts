import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contextReader } from '../../src/source/context.ts';
import { statCache } from '../../src/source/stat-cache.ts';
import { fill, scratch, unending } from './scratch.ts';

const base = { Containerfile: 'FROM scratch', 'app/main.js': 'main', 'app/.env': 'A=1', 'log/a.log': 'log' };

async function digest(dir: string): Promise<string> {
  const result = await contextReader(Date.now).read(dir, { show: path => path, signal: unending });
  assert.ok(result);
  assert.deepEqual(result.problems, []);
  return result.context.digest;
}

const changes: Readonly<Record<string, (dir: string) => void>> = {
  'the content of a file': dir => writeFileSync(join(dir, 'app/main.js'), 'niam'),
  'the content of a hidden file': dir => writeFileSync(join(dir, 'app/.env'), 'A=2'),
  'the build file': dir => writeFileSync(join(dir, 'Containerfile'), 'FROM busybox'),
  'the execute bit': dir => chmodSync(join(dir, 'app/main.js'), 0o755),
  'a read bit': dir => chmodSync(join(dir, 'app/main.js'), 0o600),
  'a name': dir => renameSync(join(dir, 'app/main.js'), join(dir, 'app/niam.js')),
  'a new empty directory': dir => mkdirSync(join(dir, 'new')),
  'a file gone': dir => rmSync(join(dir, 'log/a.log')),
  'a file that became a link': dir => {
    rmSync(join(dir, 'log/a.log'));
    symlinkSync('../app/main.js', join(dir, 'log/a.log'));
  },
};

for (const [what, change] of Object.entries(changes)) {
  test(`contextReader gives another digest after a change of ${what}`, async t => {
    const dir = scratch(t, base);
    const before = await digest(dir);
    change(dir);
    assert.notEqual(await digest(dir), before);
  });
}

test('contextReader gives another digest when a link points elsewhere', async t => {
  const dir = scratch(t, base);
  symlinkSync('app', join(dir, 'link'));
  const before = await digest(dir);
  rmSync(join(dir, 'link'));
  symlinkSync('log', join(dir, 'link'));
  assert.notEqual(await digest(dir), before);
});

test('contextReader gives the same digest for the same content elsewhere, at another time', async t => {
  const [one, two] = [scratch(t, base), scratch(t, Object.fromEntries(Object.entries(base).toReversed()))];
  utimesSync(join(two, 'app/main.js'), 1, 1);
  const digests = await Promise.all([digest(one), digest(two)]);
  assert.equal(digests[0], digests[1]);
  assert.match(digests[0], /^[0-9a-f]{32}$/);
});

const ignoring: readonly {
  readonly file: string;
  readonly rules: string;
  readonly path: string;
  readonly counts: boolean;
}[] = [
  { file: '.containerignore', rules: 'log\n', path: 'log/a.log', counts: false },
  { file: '.dockerignore', rules: '# all logs\n**/*.log\n', path: 'log/a.log', counts: false },
  { file: '.dockerignore', rules: 'app\n!app/main.js\n', path: 'app/main.js', counts: true },
  { file: '.dockerignore', rules: 'app\n!app/main.js\n', path: 'app/.env', counts: false },
  { file: '.dockerignore', rules: '*\n', path: 'app/.env', counts: false },
  { file: '.dockerignore', rules: '*\n', path: 'Containerfile', counts: true },
];

for (const { file, rules, path, counts } of ignoring) {
  test(`contextReader with ${JSON.stringify(rules)} in ${file} ${counts ? 'counts' : 'leaves out'} ${path}`, async t => {
    const dir = scratch(t, { ...base, [file]: rules });
    const before = await digest(dir);
    writeFileSync(join(dir, path), 'changed');
    assert.equal((await digest(dir)) !== before, counts);
  });
}

test('contextReader prefers .containerignore to .dockerignore', async t => {
  const dir = scratch(t, { ...base, '.containerignore': 'log', '.dockerignore': 'app\nlog' });
  const before = await digest(dir);
  writeFileSync(join(dir, 'app/main.js'), 'changed');
  assert.notEqual(await digest(dir), before);
});

test('contextReader says undefined of a directory that is no context any more', async t => {
  const dir = scratch(t, { 'a.txt': '' });
  const opts = { show: (path: string) => path, signal: unending };
  assert.equal(await contextReader(Date.now).read(dir, opts), undefined);
  assert.equal(await contextReader(Date.now).read(join(dir, 'none'), opts), undefined);
});

test('contextReader marks a context that it cannot read whole, with a problem', async t => {
  const dir = scratch(t, base);
  mkdirSync(join(dir, '.containerignore'));
  const result = await contextReader(Date.now).read(dir, {
    show: path => path.slice(dir.length + 1),
    signal: unending,
  });
  assert.equal(result?.context.unreadable, true);
  assert.deepEqual(
    result?.problems.map(problem => [problem.code, problem.file]),
    [['FILE_UNREADABLE', '.containerignore']],
  );
});

test('statCache keeps a value while the stat is the same, and only of a file that had settled when it was read', t => {
  const dir = scratch(t);
  fill(dir, { a: '1' });
  const stat = statSync(join(dir, 'a'), { bigint: true });
  const cache = statCache<string>();
  cache.set('a', { ...stat, ctimeMs: 0n }, 'racy by mtime', Number(stat.mtimeMs) + 1999);
  assert.equal(cache.get('a', stat), undefined);
  cache.set('a', { ...stat, mtimeMs: 0n }, 'racy by ctime', Number(stat.mtimeMs) + 1999);
  assert.equal(cache.get('a', stat), undefined);
  cache.set('a', stat, 'settled', Number(stat.mtimeMs) + 2002);
  assert.equal(cache.get('a', stat), 'settled');
  chmodSync(join(dir, 'a'), 0o777);
  assert.equal(cache.get('a', statSync(join(dir, 'a'), { bigint: true })), undefined);
  cache.sweep();
  assert.equal(cache.get('a', stat), 'settled');
  cache.sweep();
  cache.sweep();
  assert.equal(cache.get('a', stat), undefined);
});
