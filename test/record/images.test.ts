import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyLedger, type ImageLedger } from '../../src/model/image-ledger.ts';
import { ledgerFile } from '../../src/record/images.ts';
import { StateError } from '../../src/record/newer.ts';

const ledger: ImageLedger = {
  version: 1,
  images: { a: { names: ['a.io/web:1'], unusedSinceMs: 5 }, b: { names: [] } },
  workloads: { 'Pod/default/web': { references: ['a.io/web:1'], pinned: [], ran: { main: ['a', 'b'] } } },
};

async function stateDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pdl-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('ledgerFile() reads what it wrote, and nothing where there is nothing', async t => {
  const dir = await stateDir(t);
  const file = ledgerFile(join(dir, 'deep'));
  assert.deepEqual(await file.load(), emptyLedger);
  await file.save(ledger);
  assert.deepEqual(await file.load(), ledger);
  assert.equal((await stat(join(dir, 'deep/images.json'))).mode & 0o777, 0o600);
});

test('ledgerFile() takes a damaged file for none, and refuses that of a later version', async t => {
  const dir = await stateDir(t);
  const file = ledgerFile(dir);
  const [workload] = Object.values(ledger.workloads);
  const damaged = [
    '{"version":1',
    '[]',
    JSON.stringify({ ...ledger, images: [] }),
    JSON.stringify({ ...ledger, images: { a: { names: [1] } } }),
    JSON.stringify({ ...ledger, images: { a: { names: [], unusedSinceMs: 'x' } } }),
    JSON.stringify({ ...ledger, workloads: { w: { ...workload, ran: { main: 'a' } } } }),
    JSON.stringify({ ...ledger, workloads: { w: { ...workload, pinned: undefined } } }),
  ];
  for (const text of damaged) {
    await writeFile(join(dir, 'images.json'), text);
    assert.deepEqual(await file.load(), emptyLedger, text);
  }
  await writeFile(join(dir, 'images.json'), JSON.stringify({ ...ledger, version: 2 }));
  await assert.rejects(file.load(), StateError);
});
