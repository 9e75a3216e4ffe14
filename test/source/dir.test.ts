import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Snapshot } from '../../src/model/source.ts';
import { directorySource } from '../../src/source/dir.ts';
import { SourceError } from '../../src/source/source.ts';
import { fill, scratch, unending } from './scratch.ts';

const signal = unending;

function read(dir: string): Promise<Snapshot> {
  return directorySource(dir, { cwd: dir }).read({ signal });
}

function paths(snapshot: Snapshot): readonly string[] {
  return snapshot.files.map(file => file.path);
}

function codes(snapshot: Snapshot): readonly string[] {
  return snapshot.problems.map(problem => `${problem.code} ${problem.file}`);
}

test('directorySource reads manifests of a tree in one order, without hidden entries', async t => {
  const dir = scratch(t, {
    'b.yaml': 'b',
    'a.yml': 'a',
    'sub/z.json': 'z',
    'sub/deep/y.yaml': 'y',
    'notes.txt': '',
    '.hidden.yaml': '',
    '.git2/x.yaml': '',
  });
  const snapshot = await read(dir);
  assert.deepEqual(paths(snapshot), ['a.yml', 'b.yaml', 'sub/deep/y.yaml', 'sub/z.json']);
  assert.deepEqual(snapshot.problems, []);
  assert.equal(snapshot.files[2]?.directory, join(dir, 'sub/deep'));
  assert.equal(snapshot.files[2]?.text, 'y');
  assert.match(snapshot.revision, /^dir-[0-9a-f]{12}$/);
});

test('directorySource shows a path relative to cwd only where that is shorter', async t => {
  const dir = scratch(t, { 'a.yaml': '' });
  const far = await directorySource(dir, { cwd: '/usr/share/some/where/far' }).read({ signal });
  assert.deepEqual(paths(far), [join(dir, 'a.yaml')]);
});

test('directorySource takes a file without its byte order mark', async t => {
  const snapshot = await read(scratch(t, { 'a.yaml': '\uFEFFkind: Pod' }));
  assert.equal(snapshot.files[0]?.text, 'kind: Pod');
});

test('directorySource warns of a directory without manifests', async t => {
  const snapshot = await read(scratch(t, { 'README.md': '' }));
  assert.deepEqual(codes(snapshot).length, 1);
  assert.equal(snapshot.problems[0]?.code, 'SOURCE_EMPTY');
  assert.equal(snapshot.problems[0]?.severity, 'warning');
});

test('directorySource refuses a 100 MB file without reading it', async t => {
  const dir = scratch(t, { 'a.yaml': 'a', 'big.yaml': '' });
  truncateSync(join(dir, 'big.yaml'), 100 * 1024 * 1024);
  const before = process.memoryUsage().arrayBuffers;
  const snapshot = await read(dir);
  assert.deepEqual(paths(snapshot), ['a.yaml']);
  assert.deepEqual(codes(snapshot), ['FILE_TOO_LARGE big.yaml']);
  assert.match(snapshot.problems[0]?.message ?? '', /104857600 bytes, at most 5242880/);
  assert.ok(process.memoryUsage().arrayBuffers - before < 50 * 1024 * 1024);
});

test('directorySource reports what is no text', async t => {
  const dir = scratch(t, { 'ok.yaml': 'é' });
  writeFileSync(join(dir, 'nul.yaml'), Buffer.from('a\0b'));
  writeFileSync(join(dir, 'latin1.yaml'), Buffer.from([0x61, 0xe9, 0x62]));
  writeFileSync(join(dir, 'utf16.yaml'), Buffer.from('\uFEFFkind', 'utf16le'));
  const snapshot = await read(dir);
  assert.deepEqual(paths(snapshot), ['ok.yaml']);
  assert.deepEqual(codes(snapshot), [
    'FILE_NOT_TEXT latin1.yaml',
    'FILE_NOT_TEXT nul.yaml',
    'FILE_NOT_TEXT utf16.yaml',
  ]);
});

test('directorySource does not wait for a fifo or a socket, and names them', async t => {
  const dir = scratch(t, { 'a.yaml': '' });
  execFileSync('mkfifo', [join(dir, 'pipe.yaml'), join(dir, 'pipe')]);
  const server = createServer().listen(join(dir, 'sock.yaml'));
  t.after(() => server.close());
  await new Promise(resolve => server.once('listening', resolve));
  const snapshot = await read(dir);
  assert.deepEqual(codes(snapshot), ['FILE_UNREADABLE pipe.yaml', 'FILE_UNREADABLE sock.yaml']);
  assert.match(snapshot.problems[0]?.message ?? '', /it is a fifo, not a file/);
});

test('directorySource follows links, reads each real directory and file once, and reports loops', async t => {
  const dir = scratch(t, { 'real/a.yaml': 'a', 'b.yaml': 'b' });
  symlinkSync('real', join(dir, 'alias'));
  symlinkSync('b.yaml', join(dir, 'c.yaml'));
  symlinkSync('..', join(dir, 'real/up'));
  symlinkSync('self.yaml', join(dir, 'self.yaml'));
  const snapshot = await read(dir);
  assert.deepEqual(paths(snapshot), ['alias/a.yaml', 'b.yaml']);
  assert.deepEqual(codes(snapshot), ['LINK_LOOP self.yaml', 'LINK_LOOP alias/up']);
  assert.equal(snapshot.problems[0]?.severity, 'error');
});

test('directorySource reports a link that leads nowhere, as its target may be unmounted', async t => {
  const dir = scratch(t, { 'a.yaml': '' });
  symlinkSync('/nowhere/at/all', join(dir, 'pods'));
  assert.deepEqual(codes(await read(dir)), ['FILE_UNREADABLE pods']);
});

test('directorySource reads a mounted ConfigMap through its ..data link', async t => {
  const dir = scratch(t, { '..2026_1/a.yaml': 'one', '..2026_2/a.yaml': 'two' });
  symlinkSync('..2026_1', join(dir, '..data'));
  symlinkSync('..data/a.yaml', join(dir, 'a.yaml'));
  const source = directorySource(dir, { cwd: dir });
  const first = await source.read({ signal });
  symlinkSync('..2026_2', join(dir, '..data_tmp'));
  renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
  const second = await source.read({ signal });
  assert.deepEqual(
    [first, second].map(s => s.files.map(file => file.text)),
    [['one'], ['two']],
  );
  assert.equal(first.identity, second.identity);
  assert.notEqual(first.revision, second.revision);
});

test('directorySource reads a root that is a link, and its identity follows the link', async t => {
  const dir = scratch(t, { 'one/a.yaml': 'one', 'two/a.yaml': 'two' });
  symlinkSync('one', join(dir, 'current'));
  const source = directorySource('current', { cwd: dir });
  const first = await source.read({ signal });
  rmSync(join(dir, 'current'));
  symlinkSync('two', join(dir, 'current'));
  const second = await source.read({ signal });
  assert.deepEqual(
    [first, second].map(s => s.files.map(file => file.text)),
    [['one'], ['two']],
  );
  assert.notEqual(first.identity, second.identity);
});

const missing: Readonly<Record<string, { readonly code: string; make(dir: string): string }>> = {
  'is not there': { code: 'SOURCE_MISSING', make: dir => join(dir, 'none') },
  'is a link that leads nowhere': {
    code: 'SOURCE_MISSING',
    make(dir) {
      symlinkSync('gone', join(dir, 'link'));
      return join(dir, 'link');
    },
  },
  'is a file': {
    code: 'SOURCE_UNREADABLE',
    make(dir) {
      writeFileSync(join(dir, 'file'), '');
      return join(dir, 'file');
    },
  },
  'is a link to itself': {
    code: 'SOURCE_UNREADABLE',
    make(dir) {
      symlinkSync('loop', join(dir, 'loop'));
      return join(dir, 'loop');
    },
  },
};

for (const [what, { code, make }] of Object.entries(missing)) {
  test(`directorySource throws ${code} where the root ${what}`, async t => {
    const root = make(scratch(t));
    await assert.rejects(read(root), (error: unknown) => {
      assert.ok(error instanceof SourceError);
      assert.equal(error.code, code);
      assert.ok(error.hint);
      return true;
    });
  });
}

test('directorySource reports what its user may not read', t => {
  const dir = scratch(t, { 'a.yaml': 'a', 'closed.yaml': '', 'locked/b.yaml': '' });
  chmodSync(dir, 0o755);
  chmodSync(join(dir, 'closed.yaml'), 0o000);
  chmodSync(join(dir, 'locked'), 0o000);
  const result = readAsNobody(t, dir);
  assert.deepEqual(result, { paths: ['a.yaml'], codes: ['FILE_UNREADABLE locked', 'FILE_UNREADABLE closed.yaml'] });
  chmodSync(dir, 0o700);
  assert.deepEqual(readAsNobody(t, dir), { error: 'SOURCE_UNREADABLE' });
});

/** Root reads everything, so a child drops to the user `nobody` before it reads; other users just read. */
function readAsNobody(t: TestContext, dir: string): unknown {
  const script = scratch(t, {});
  chmodSync(script, 0o755);
  const code = `
    import { directorySource } from ${JSON.stringify(join(import.meta.dirname, '../../src/source/dir.ts'))};
    if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
    const signal = new AbortController().signal;
    const dir = ${JSON.stringify(dir)};
    directorySource(dir, { cwd: dir }).read({ signal }).then(
      s => console.log(JSON.stringify({ paths: s.files.map(f => f.path), codes: s.problems.map(p => p.code + ' ' + p.file) })),
      e => console.log(JSON.stringify({ error: e.code })),
    );`;
  writeFileSync(join(script, 'read.ts'), code);
  const out = execFileSync(process.execPath, ['--import', 'tsx', join(script, 'read.ts')], {
    cwd: join(import.meta.dirname, '../..'),
    encoding: 'utf8',
  });
  return JSON.parse(out);
}

test('directorySource reads an unchanged file once, and a rewritten one again though size and mtime are the same', async t => {
  const dir = scratch(t, { 'a.yaml': 'one' });
  const past = new Date(Date.now() - 3_600_000);
  utimesSync(join(dir, 'a.yaml'), past, past);
  const source = directorySource(dir, { cwd: dir, now: () => Date.now() + 60_000 });
  const first = await source.read({ signal });
  const again = await source.read({ signal });
  assert.equal(first.revision, again.revision);
  writeFileSync(join(dir, 'a.yaml'), 'two');
  utimesSync(join(dir, 'a.yaml'), past, past);
  assert.equal((await source.read({ signal })).files[0]?.text, 'two');
});

test('directorySource does not trust the stat of a file that was written just before it was read', async t => {
  const dir = scratch(t, { 'a.yaml': 'one' });
  const stat = { atMs: Date.now() };
  const source = directorySource(dir, { cwd: dir, now: () => stat.atMs });
  for (const text of ['one', 'two', 'six', 'ten']) {
    writeFileSync(join(dir, 'a.yaml'), text);
    assert.equal((await source.read({ signal })).files[0]?.text, text);
  }
});

test('directorySource reads hard links to one file once', async t => {
  const dir = scratch(t, { 'a.yaml': 'a' });
  linkSync(join(dir, 'a.yaml'), join(dir, 'b.yaml'));
  assert.deepEqual(paths(await read(dir)), ['a.yaml']);
});

test('directorySource gives the same order and revision whatever order files were made in', async t => {
  const names = ['b.yaml', 'a/x.yaml', 'a.yaml', 'A.yaml', 'é.yaml', 'c/1.yaml', 'c/10.yaml', 'c/2.yaml'];
  const make = (order: readonly string[]): string => scratch(t, Object.fromEntries(order.map(name => [name, name])));
  const [one, two] = [await read(make(names)), await read(make(names.toReversed()))];
  assert.deepEqual(paths(one), paths(two));
  assert.equal(one.revision, two.revision);
  assert.equal(one.files.length, names.length);
});

test('directorySource stops with the signal', async t => {
  const dir = scratch(t, { 'a.yaml': '' });
  await assert.rejects(directorySource(dir, { cwd: dir }).read({ signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
});

test('directorySource does not search a build context but its root always', async t => {
  const dir = scratch(t, {
    Dockerfile: 'FROM scratch',
    'pod.yaml': '',
    'web/Containerfile': 'FROM scratch',
    'web/c.yaml': '',
  });
  mkdirSync(join(dir, 'empty'));
  fill(dir, { 'app/Dockerfile': 'FROM scratch', 'app/sub/Dockerfile': 'FROM scratch' });
  const snapshot = await read(dir);
  assert.deepEqual(paths(snapshot), ['pod.yaml']);
  assert.deepEqual(
    [...snapshot.contexts.values()].map(context => [context.directory, context.file]),
    [
      [join(dir, 'app'), 'Dockerfile'],
      [join(dir, 'web'), 'Containerfile'],
    ],
  );
});
