import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Key } from '../../src/model/key.ts';
import { fileMemory } from '../../src/record/state.ts';
import { fileRecords } from '../../src/record/store.ts';
import { keptWarnings, podWith, stateDir } from './samples.ts';

const key: Key = 'Pod/default/web';
const failure = { message: 'no', hint: undefined, count: 1, atMs: 5, fingerprint: 'f' };

test('fileRecords loads what another instance wrote, undefined members included', async t => {
  const dir = stateDir(t);
  const log = keptWarnings();
  const records = fileRecords(dir, log, { source: '/srv/pods' });
  await records.write(key, { applied: podWith({ web: undefined }), uid: 'u1', revision: 'r1' });
  await records.fail('Pod/shop/db', 'Deployment/shop/db', failure);
  const loaded = await fileRecords(dir, log).load();
  assert.deepEqual([...loaded.keys()].sort(), ['Pod/default/web', 'Pod/shop/db']);
  const web = loaded.get(key);
  assert.equal(web?.source, '/srv/pods');
  assert.ok(web && 'failure' in web && 'secretDigest' in (web.containers.web ?? {}));
  assert.deepEqual(loaded.get('Pod/shop/db')?.failure, { message: 'no', count: 1, atMs: 5, fingerprint: 'f' });
  assert.deepEqual(log.lines, []);
});

test('fileRecords keeps files to the owner alone', async t => {
  const dir = stateDir(t);
  const before = process.umask(0);
  t.after(() => process.umask(before));
  await fileRecords(dir, keptWarnings()).write(key, {});
  const mode = (path: string): string => (statSync(join(dir, path)).mode & 0o777).toString(8);
  assert.deepEqual([mode('.'), mode('pods'), mode('pods/Pod_default_web.json')], ['700', '700', '600']);
});

test('fileRecords does concurrent writes to one key one after the other', async t => {
  const dir = stateDir(t);
  const records = fileRecords(dir, keptWarnings());
  const entry = (i: number) => ({ atMs: i, revision: '', location: undefined, result: 'created', why: '', fields: [] });
  await Promise.all(Array.from({ length: 15 }, (_, i) => records.write(key, { history: entry(i) })));
  const history = (await records.load()).get(key)?.history ?? [];
  assert.deepEqual(
    history.map(item => item.atMs),
    Array.from({ length: 15 }, (_, i) => i),
  );
});

test('fileRecords clears a failure and keeps the rest', async t => {
  const records = fileRecords(stateDir(t), keptWarnings());
  await records.write(key, { uid: 'u1' });
  await records.fail(key, key, failure);
  await records.fail(key, key, undefined);
  const record = (await records.load()).get(key);
  assert.deepEqual([record?.failure, record?.uid], [undefined, 'u1']);
});

test('fileRecords removes a record, and one that is not there', async t => {
  const records = fileRecords(stateDir(t), keptWarnings());
  await records.remove(key);
  await records.write(key, {});
  await records.remove(key);
  assert.equal((await records.load()).size, 0);
});

const damaged: Readonly<Record<string, string>> = {
  'an empty file': '',
  'half a file': '{"version":1,"key":"Pod/default/w',
  'no version': JSON.stringify({ version: 0, key, declaredBy: key, containers: {}, history: [], origin: {} }),
  'another key': JSON.stringify({
    version: 1,
    key: 'Pod/x/y',
    declaredBy: key,
    containers: {},
    history: [],
    origin: {},
  }),
  'no record': '[]',
};

for (const [what, text] of Object.entries(damaged)) {
  test(`fileRecords takes ${what} for lost, says so once and moves it aside`, async t => {
    const dir = stateDir(t);
    mkdirSync(join(dir, 'pods'), { recursive: true });
    writeFileSync(join(dir, 'pods/Pod_default_web.json'), text);
    const log = keptWarnings();
    const records = fileRecords(dir, log);
    assert.equal((await records.load()).size, 0);
    assert.equal((await records.load()).size, 0);
    assert.equal(log.lines.length, 1);
    assert.equal(readFileSync(join(dir, 'pods/Pod_default_web.lost'), 'utf8'), text);
    await records.write(key, { uid: 'u1' });
    assert.equal((await records.load()).get(key)?.uid, 'u1');
  });
}

test('fileRecords refuses a record of a later format, to read and to write, and leaves it where it is', async t => {
  const dir = stateDir(t);
  const path = join(dir, 'pods/Pod_default_web.json');
  mkdirSync(join(dir, 'pods'), { recursive: true });
  const text = JSON.stringify({ version: 2, key });
  writeFileSync(path, text);
  const log = keptWarnings();
  const records = fileRecords(dir, log);
  const newer = { name: 'StateError', code: 'STATE_NEWER', transient: false, message: /of format 2, .* up to 1/ };
  await assert.rejects(records.load(), newer);
  await assert.rejects(records.write(key, { uid: 'u1' }), newer);
  await assert.rejects(records.fail(key, key, undefined), newer);
  assert.deepEqual([readFileSync(path, 'utf8'), log.lines], [text, []]);
});

test('fileMemory() refuses what a later version saved', async t => {
  const dir = stateDir(t);
  await fileMemory(dir, '/a').save({ identity: '1:2', ownedBefore: 3 });
  writeFileSync(join(dir, 'agent.json'), JSON.stringify({ version: 2, source: '/b' }));
  await assert.rejects(fileMemory(dir, '/a').load(), { code: 'STATE_NEWER' });
});

test('fileRecords removes temporary files of writers that died, and no others', async t => {
  const dir = stateDir(t);
  mkdirSync(join(dir, 'pods'), { recursive: true });
  for (const name of ['.a.json.1.podstead-tmp', '.b.json.2.podstead-tmp']) writeFileSync(join(dir, 'pods', name), '');
  utimesSync(join(dir, 'pods/.a.json.1.podstead-tmp'), 1, 1);
  await fileRecords(dir, keptWarnings()).load();
  assert.deepEqual(readdirSync(join(dir, 'pods')), ['.b.json.2.podstead-tmp']);
});

test('fileRecords warns and goes on where the state directory cannot be one', async t => {
  const dir = stateDir(t);
  writeFileSync(dir, 'a file');
  const log = keptWarnings();
  assert.equal((await fileRecords(dir, log).load()).size, 0);
  assert.equal(log.lines.length, 1);
});

test('fileRecords keeps keys apart whose names are too long or odd for a file', async t => {
  const records = fileRecords(stateDir(t), keptWarnings());
  const keys: readonly Key[] = [
    `Pod/${'n'.repeat(63)}/${'a'.repeat(253)}`,
    `Pod/${'n'.repeat(63)}/${'a'.repeat(252)}b`,
    'Pod/../..',
    'Pod/a%2Fb/c',
  ];
  for (const one of keys) await records.write(one, { uid: one });
  const loaded = await records.load();
  assert.deepEqual(
    keys.map(one => loaded.get(one)?.uid),
    keys,
  );
});

test('fileMemory() gives back what was saved of its source, and nothing of another one or of a damaged file', async t => {
  const dir = stateDir(t);
  assert.equal(await fileMemory(dir, '/a').load(), undefined);
  await fileMemory(dir, '/a').save({ identity: '1:2', ownedBefore: undefined });
  assert.deepEqual(await fileMemory(dir, '/a').load(), { identity: '1:2', ownedBefore: undefined });
  assert.equal(await fileMemory(dir, '/b').load(), undefined);
  writeFileSync(join(dir, 'agent.json'), '{');
  assert.equal(await fileMemory(dir, '/a').load(), undefined);
});

test('fileMemory() does not write equal facts again', async t => {
  const dir = stateDir(t);
  const memory = fileMemory(dir, '/a');
  await memory.save({ identity: '1:2', ownedBefore: 3 });
  const before = statSync(join(dir, 'agent.json')).ino;
  await memory.save({ identity: '1:2', ownedBefore: 3 });
  assert.equal(statSync(join(dir, 'agent.json')).ino, before);
});

test('fileMemory() clears away what a writer that was killed left beside it, once that is old', async t => {
  const dir = stateDir(t);
  mkdirSync(dir, { recursive: true });
  const [old, fresh] = ['.agent.json.aaaa.podstead-tmp', '.agent.json.bbbb.podstead-tmp'].map(name => join(dir, name));
  assert.ok(old && fresh);
  for (const path of [old, fresh]) writeFileSync(path, '{');
  utimesSync(old, new Date(0), new Date(0));
  await fileMemory(dir, '/a').load();
  assert.deepEqual([existsSync(old), existsSync(fresh)], [false, true]);
});
