import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Key } from '../../src/model/key.ts';
import { removeUnits, writeUnits } from '../../src/systemd/write.ts';
import { podUnit } from '../../src/unit/pod.ts';
import { renderUnit, type UnitFile } from '../../src/unit/unit-file.ts';
import { webUnit } from '../unit/samples.ts';
import { scratch, unending } from './scratch.ts';

const opts = { owner: 'podstead', signal: unending };

function unit(name: string, more: Partial<typeof webUnit> = {}): UnitFile {
  const key: Key = `Pod/default/${name}`;
  return podUnit({ ...webUnit, key, ...more });
}

test('writeUnits writes units, and the second time nothing', async t => {
  const dir = join(scratch(t), 'units');
  const units = [unit('web'), unit('db')];
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  assert.deepEqual(await writeUnits(dir, units, opts), {
    written: ['podstead-pod-db.service', 'podstead-pod-web.service'],
    removed: [],
    foreign: [],
  });
  assert.equal(readFileSync(join(dir, 'podstead-pod-web.service'), 'utf8'), renderUnit(unit('web')));
  assert.equal(statSync(join(dir, 'podstead-pod-web.service')).mode & 0o777, 0o644);
  assert.deepEqual(await writeUnits(dir, units, opts), { written: [], removed: [], foreign: [] });
  assert.equal(readdirSync(dir).length, 2);
});

test('writeUnits writes the changed unit alone', async t => {
  const dir = scratch(t);
  await writeUnits(dir, [unit('web'), unit('db')], opts);
  const { written } = await writeUnits(dir, [unit('web', { gracePeriodSeconds: 1 }), unit('db')], opts);
  assert.deepEqual(written, ['podstead-pod-web.service']);
});

test('writeUnits names units of ours that are no longer wanted, and removeUnits removes them', async t => {
  const dir = scratch(t);
  await writeUnits(dir, [unit('web'), unit('db')], opts);
  const { removed } = await writeUnits(dir, [unit('web')], opts);
  assert.deepEqual(removed, ['podstead-pod-db.service']);
  await removeUnits(dir, removed);
  await removeUnits(dir, removed);
  assert.deepEqual(readdirSync(dir), ['podstead-pod-web.service']);
});

test('writeUnits without prune names nothing to remove', async t => {
  const dir = scratch(t);
  await writeUnits(dir, [unit('web')], opts);
  assert.deepEqual((await writeUnits(dir, [], { ...opts, prune: false })).removed, []);
});

test('writeUnits never touches files that are not ours', async t => {
  const dir = scratch(t);
  const hand = '[Service]\nExecStart=/bin/true\n';
  writeFileSync(join(dir, 'podstead-pod-web.service'), hand);
  writeFileSync(join(dir, 'sshd.service'), hand);
  await writeUnits(dir, [unit('theirs', { owner: 'other' })], { ...opts, owner: 'other' });
  symlinkSync('/nowhere', join(dir, 'link.service'));
  const result = await writeUnits(dir, [unit('web')], opts);
  assert.deepEqual(result, { written: [], removed: [], foreign: ['podstead-pod-web.service'] });
  assert.equal(readFileSync(join(dir, 'podstead-pod-web.service'), 'utf8'), hand);
});

test('writeUnits throws where the directory cannot be one, and leaves no temporary file', async t => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), '');
  await assert.rejects(writeUnits(join(dir, 'file'), [unit('web')], opts), { code: 'EEXIST' });
  chmodSync(join(dir, 'file'), 0o600);
  assert.deepEqual(readdirSync(dir), ['file']);
});

test("writeUnits clears away what a writer that was killed left, once that is old, and nobody else's", async t => {
  const dir = scratch(t);
  const names = ['.a.service.0123.podstead-tmp', '.b.service.4567.podstead-tmp', '.c.service.tmp'];
  for (const name of names) writeFileSync(join(dir, name), '[Unit]');
  for (const name of [names[0] ?? '', names[2] ?? '']) utimesSync(join(dir, name), new Date(0), new Date(0));
  await writeUnits(dir, [], opts);
  assert.deepEqual(readdirSync(dir).sort(), names.slice(1));
});
