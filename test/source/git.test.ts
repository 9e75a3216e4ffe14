import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directorySource } from '../../src/source/dir.ts';
import { fill, scratch, unending } from './scratch.ts';

const signal = unending;

function git(dir: string, ...args: readonly string[]): string {
  const who = [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.com',
    '-c',
    'commit.gpgsign=false',
    '-c',
    'init.defaultBranch=main',
  ];
  return execFileSync('git', ['-C', dir, ...who, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

function repository(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): { readonly dir: string; readonly commit: string } {
  const dir = scratch(t, files);
  git(dir, 'init', '-q');
  git(dir, 'add', '-A');
  git(dir, 'commit', '-q', '-m', 'one');
  return { dir, commit: git(dir, 'rev-parse', 'HEAD').slice(0, 12) };
}

async function revision(dir: string, program = 'git'): Promise<string> {
  return (await directorySource(dir, { cwd: dir, git: program }).read({ signal })).revision;
}

test('directorySource names a clean work tree by its commit, also from below and with packed refs', async t => {
  const { dir, commit } = repository(t, { 'pods/a.yaml': 'a' });
  assert.equal(await revision(dir), commit);
  assert.equal(await revision(join(dir, 'pods')), commit);
  git(dir, 'pack-refs', '--all');
  assert.equal(await revision(dir), commit);
  git(dir, 'checkout', '-q', '--detach');
  assert.equal(await revision(dir), commit);
});

test('directorySource names a linked work tree by its commit', async t => {
  const { dir, commit } = repository(t, { 'a.yaml': 'a' });
  const linked = join(scratch(t), 'linked');
  git(dir, 'worktree', 'add', '-q', linked, 'HEAD');
  assert.equal(await revision(linked), commit);
});

const dirt: Readonly<Record<string, (dir: string) => void>> = {
  'a changed file': dir => writeFileSync(join(dir, 'a.yaml'), 'b'),
  'a new file': dir => writeFileSync(join(dir, 'b.yaml'), 'b'),
  'a file gone': dir => rmSync(join(dir, 'b.txt')),
  'a manifest that git ignores': dir => writeFileSync(join(dir, 'ignored.yaml'), ''),
  'a context that git ignores': dir => fill(dir, { 'out/web/Containerfile': '' }),
};

for (const [what, soil] of Object.entries(dirt)) {
  test(`directorySource marks a work tree with ${what} as dirty`, async t => {
    const { dir, commit } = repository(t, { 'a.yaml': 'a', 'b.txt': '', '.gitignore': 'ignored.yaml\nout\n' });
    soil(dir);
    assert.equal(await revision(dir), `${commit}-dirty`);
  });
}

test('directorySource does not mind ignored files that it does not read', async t => {
  const { dir, commit } = repository(t, { 'a.yaml': 'a', '.gitignore': 'node_modules\n' });
  fill(dir, { 'node_modules/x/index.js': '' });
  assert.equal(await revision(dir), commit);
});

test('directorySource gives commit and digest where git is not there to ask', async t => {
  const { dir, commit } = repository(t, { 'a.yaml': 'a' });
  assert.match(await revision(dir, '/nowhere/git'), new RegExp(`^${commit}-dir-[0-9a-f]{12}$`));
});

test('directorySource gives a digest before the first commit', async t => {
  const dir = scratch(t, { 'a.yaml': 'a' });
  git(dir, 'init', '-q');
  assert.match(await revision(dir), /^dir-[0-9a-f]{12}$/);
});

test('directorySource asks git only when commit or content changed', async t => {
  const { dir, commit } = repository(t, { 'a.yaml': 'a' });
  const counter = join(scratch(t), 'calls');
  const program = join(scratch(t), 'git');
  writeFileSync(program, `#!/bin/sh\necho x >>${counter}\nexec git "$@"\n`, { mode: 0o755 });
  writeFileSync(counter, '');
  const calls = (): number => execFileSync('wc', ['-l', counter], { encoding: 'utf8' }).split(' ').map(Number)[0] ?? -1;
  const source = directorySource(dir, { cwd: dir, git: program });
  for (let i = 0; i < 3; i++) assert.equal((await source.read({ signal })).revision, commit);
  assert.equal(calls(), 1);
  writeFileSync(join(dir, 'a.yaml'), 'b');
  for (let i = 0; i < 3; i++) assert.equal((await source.read({ signal })).revision, `${commit}-dirty`);
  assert.equal(calls(), 2);
  git(dir, 'commit', '-q', '-a', '-m', 'two');
  assert.equal((await source.read({ signal })).revision, git(dir, 'rev-parse', 'HEAD').slice(0, 12));
  assert.equal(calls(), 3);
});

for (const name of ['index.lock', 'MERGE_HEAD', 'rebase-merge/head-name']) {
  test(`directorySource is busy while .git/${name} is there`, async t => {
    const { dir } = repository(t, { 'pods/a.yaml': 'a' });
    const source = directorySource(join(dir, 'pods'), { cwd: dir });
    assert.equal((await source.read({ signal })).busy, false);
    fill(dir, { [`.git/${name}`]: '' });
    assert.equal((await source.read({ signal })).busy, true);
  });
}
