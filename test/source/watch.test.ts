import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { watch as chokidarWatch, type FSWatcher } from 'chokidar';
import { directorySource } from '../../src/source/dir.ts';
import { type WatchOptions, watchRoots } from '../../src/source/watch.ts';
import { fill, scratch, unending } from './scratch.ts';

const deadlineMs = 20_000;

/** What a test does with hints: reads on each until the state it waits for is seen, or the deadline is over. */
interface Watched {
  until(what: string, seen: (texts: readonly string[]) => boolean): Promise<void>;
}

async function watched(t: TestContext, dir: string, more: Partial<WatchOptions> = {}): Promise<Watched> {
  const stop = new AbortController();
  const root = { path: dir, type: 'directory' } as const;
  // Not AbortSignal.timeout: Node 20 may collect it as garbage while a composite signal still waits for it.
  const deadline = setTimeout(() => stop.abort(), deadlineMs);
  const hints = watchRoots([root], { signal: stop.signal, ...more });
  t.after(async () => {
    clearTimeout(deadline);
    stop.abort();
    await hints.return(undefined);
  });
  const source = directorySource(dir, { cwd: dir });
  const texts = async (): Promise<readonly string[]> => {
    const snapshot = await source.read({ signal: unending }).catch(() => undefined);
    return snapshot?.files.map(file => `${file.path}=${file.text}`) ?? ['unreadable'];
  };
  const first = await hints.next();
  assert.ok(!first.done, 'a hint tells that watching has begun');
  return {
    async until(what, seen) {
      // Only hints make us look: a change without a hint runs into the deadline.
      for (;;) {
        const hint = await hints.next();
        assert.ok(!hint.done, `no hint led to: ${what}`);
        if (seen(await texts())) return;
      }
    },
  };
}

function is(...expected: readonly string[]): (texts: readonly string[]) => boolean {
  return texts => JSON.stringify(texts) === JSON.stringify(expected);
}

test('wakes tells of files written in place, renamed over, half written, new and deleted', async t => {
  const dir = scratch(t, { 'a.yaml': '1' });
  const watch = await watched(t, dir);
  writeFileSync(join(dir, 'a.yaml'), '2');
  await watch.until('written in place', is('a.yaml=2'));
  for (const text of ['3', '4']) {
    writeFileSync(join(dir, '.tmp'), text);
    renameSync(join(dir, '.tmp'), join(dir, 'a.yaml'));
    await watch.until('renamed over', is(`a.yaml=${text}`));
  }
  writeFileSync(join(dir, 'b.yaml'), 'half');
  await watch.until('half written', is('a.yaml=4', 'b.yaml=half'));
  appendFileSync(join(dir, 'b.yaml'), ' and whole');
  await watch.until('completed', is('a.yaml=4', 'b.yaml=half and whole'));
  fill(dir, { 'new/deep/c.yaml': 'c' });
  await watch.until('new directory', is('a.yaml=4', 'b.yaml=half and whole', 'new/deep/c.yaml=c'));
  rmSync(join(dir, 'b.yaml'));
  await watch.until('deleted', is('a.yaml=4', 'new/deep/c.yaml=c'));
  rmSync(join(dir, 'new'), { recursive: true });
  await watch.until('directory deleted', is('a.yaml=4'));
});

test('wakes tells of the ..data swap of a mounted ConfigMap, twice', async t => {
  const dir = scratch(t, { '..v1/a.yaml': '1' });
  symlinkSync('..v1', join(dir, '..data'));
  symlinkSync('..data/a.yaml', join(dir, 'a.yaml'));
  const watch = await watched(t, dir);
  for (const version of ['2', '3']) {
    fill(dir, { [`..v${version}/a.yaml`]: version });
    symlinkSync(`..v${version}`, join(dir, '..data_tmp'));
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
    rmSync(join(dir, `..v${Number(version) - 1}`), { recursive: true });
    await watch.until(`swap to ${version}`, is(`a.yaml=${version}`));
  }
});

test('wakes follows a root that is a link, re-pointed twice, and sees edits after each', async t => {
  const dir = scratch(t, { 'v1/a.yaml': '1', 'v2/a.yaml': '2', 'v3/a.yaml': '3' });
  symlinkSync('v1', join(dir, 'current'));
  // Identity is looked at seldom, so that the events must do it.
  const watch = await watched(t, join(dir, 'current'), { checkMs: 3_600_000 });
  for (const version of ['2', '3']) {
    symlinkSync(`v${version}`, join(dir, 'tmp'));
    renameSync(join(dir, 'tmp'), join(dir, 'current'));
    await watch.until(`link to ${version}`, is(`a.yaml=${version}`));
    writeFileSync(join(dir, `v${version}/a.yaml`), 'edited');
    await watch.until('edit behind the link', is('a.yaml=edited'));
  }
});

test('wakes follows a link above the root by looking at its identity', async t => {
  const dir = scratch(t, { 'v1/x/pods/a.yaml': '1', 'v2/x/pods/a.yaml': '2' });
  symlinkSync('v1', join(dir, 'current'));
  const watch = await watched(t, join(dir, 'current/x/pods'), { checkMs: 50 });
  symlinkSync('v2', join(dir, 'tmp'));
  renameSync(join(dir, 'tmp'), join(dir, 'current'));
  await watch.until('link above', is('a.yaml=2'));
  writeFileSync(join(dir, 'v2/x/pods/a.yaml'), '3');
  await watch.until('edit', is('a.yaml=3'));
});

test('watchRoots has chokidar list the root alone, not what stands beside it', async t => {
  const dir = join(scratch(t, { 'pods/a.yaml': '1', 'neighbour/busy.log': '' }), 'pods');
  const listed: string[] = [];
  const watch: NonNullable<WatchOptions['watch']> = (paths, options) => {
    listed.push(...[paths].flat());
    return chokidarWatch(paths, options);
  };
  await watched(t, dir, { watch });
  assert.deepEqual(listed, [dir]);
});

test('wakes tells of a root removed and made again, and of edits in the new one', async t => {
  const dir = join(scratch(t, { 'pods/a.yaml': '1' }), 'pods');
  const watch = await watched(t, dir, { checkMs: 50 });
  rmSync(dir, { recursive: true });
  await watch.until('root gone', is('unreadable'));
  fill(dir, { 'a.yaml': '2' });
  await watch.until('root back', is('a.yaml=2'));
  writeFileSync(join(dir, 'a.yaml'), '3');
  await watch.until('edit', is('a.yaml=3'));
});

test('wakes tells of a git checkout of 50 files, back and forth', async t => {
  const dir = scratch(t);
  const git = (...args: readonly string[]): void => {
    execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      stdio: 'ignore',
    });
  };
  const state = (text: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p${String(i).padStart(2, '0')}.yaml`, text]));
  const shown = (text: string): string[] => Object.keys(state(text)).map(name => `${name}=${text}`);
  git('init', '-q', '-b', 'one');
  for (const branch of ['one', 'two']) {
    if (branch === 'two') git('checkout', '-q', '-b', 'two');
    fill(dir, state(branch));
    git('add', '-A');
    git('commit', '-q', '-m', branch);
  }
  const watch = await watched(t, dir);
  for (const branch of ['one', 'two', 'one']) {
    git('checkout', '-q', branch);
    await watch.until(`checkout of ${branch}`, is(...shown(branch)));
  }
});

test('wakes tells of the last of 1,000 files rewritten', async t => {
  const names = Array.from({ length: 1000 }, (_, i) => `d${i % 20}/p${i}.yaml`);
  const dir = scratch(t, Object.fromEntries(names.map(name => [name, '1'])));
  const watch = await watched(t, dir);
  fill(dir, Object.fromEntries(names.map(name => [name, '2'])));
  await watch.until('all rewritten', texts => texts.length === 1000 && texts.every(text => text.endsWith('=2')));
});

test('wakes tells of a change in a build context, hidden files included', async t => {
  const dir = scratch(t, { 'web/Containerfile': '', 'web/.env': '1', 'web/.config/x': '1' });
  const source = directorySource(dir, { cwd: dir });
  const digest = async (): Promise<string | undefined> =>
    (await source.read({ signal: unending })).contexts.get(join(dir, 'web'))?.digest;
  const watch = await watched(t, dir);
  for (const file of ['web/.env', 'web/.config/x']) {
    const before = await digest();
    writeFileSync(join(dir, file), '2');
    await watch.until(file, () => true);
    assert.notEqual(await digest(), before);
  }
});

test('wakes tells when git lets go of its lock', async t => {
  const dir = scratch(t);
  execFileSync('git', ['-C', dir, 'init', '-q']);
  fill(dir, { 'a.yaml': '', '.git/index.lock': '' });
  const source = directorySource(dir, { cwd: dir });
  assert.equal((await source.read({ signal: unending })).busy, true);
  const watch = await watched(t, dir);
  rmSync(join(dir, '.git/index.lock'));
  await watch.until('lock gone', () => true);
  assert.equal((await source.read({ signal: unending })).busy, false);
});

test('wakes survives symlink loops', async t => {
  const dir = scratch(t, { 'sub/a.yaml': '1' });
  symlinkSync('..', join(dir, 'sub/up'));
  symlinkSync('self', join(dir, 'self'));
  const watch = await watched(t, dir);
  writeFileSync(join(dir, 'sub/a.yaml'), '2');
  await watch.until('edit', is('sub/a.yaml=2'));
});

test('wakes ends with the signal', async t => {
  const stop = new AbortController();
  const dir = scratch(t, { 'a.yaml': '' });
  const seen: string[] = [];
  for await (const hint of directorySource(dir, { cwd: dir }).wakes({ signal: stop.signal })) {
    seen.push(hint);
    stop.abort();
  }
  assert.equal(seen.length, 1);
});

test('watchRoots says what to raise where inotify has no watches left, and polls from then on', async t => {
  const dir = scratch(t, { 'a.yaml': '' });
  const fakes: EventEmitter[] = [];
  const watch = (): FSWatcher => {
    const fake = Object.assign(new EventEmitter(), { close: async () => {} });
    fakes.push(fake);
    setImmediate(() => {
      fake.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    });
    // A stand-in with the three members that are used.
    return fake as unknown as FSWatcher;
  };
  const hints: string[] = [];
  const stop = new AbortController();
  const roots = [{ path: dir, type: 'directory' }] as const;
  for await (const hint of watchRoots(roots, { signal: stop.signal, pollMs: 5, watch })) {
    if (hints.push(hint) === 3) stop.abort();
  }
  assert.match(hints[0] ?? '', /raise fs\.inotify\.max_user_watches/);
  assert.match(hints[2] ?? '', /looking again/);
  mkdirSync(join(dir, 'after'));
});
