import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Adoption } from '../../src/model/adoption.ts';
import { fileAdoptions } from '../../src/record/adoptions.ts';
import { StateError } from '../../src/record/newer.ts';

const adoption: Adoption = {
  version: 1,
  owner: 'podstead',
  key: 'Pod/default/web',
  uid: 'u-1',
  podId: 'a1',
  infraId: 'a2',
  digest: 'd1',
  containers: { a3: { name: 'nginx', digest: 'd2' } },
};

async function stateDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pda-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('fileAdoptions() keeps one file a pod, which another process sees at its next look', async t => {
  const dir = await stateDir(t);
  const [command, agent] = [fileAdoptions(dir), fileAdoptions(dir)];
  assert.deepEqual(agent.all(), []);
  await command.write(adoption);
  assert.deepEqual(agent.all(), [adoption]);
  await command.write({ ...adoption, podId: 'b1', key: 'Pod/default/db' });
  assert.deepEqual(
    agent.all().map(({ key }) => key),
    ['Pod/default/web', 'Pod/default/db'],
  );
  await command.forget('a1');
  await command.forget('a1');
  assert.deepEqual(
    agent.all().map(({ podId }) => podId),
    ['b1'],
  );
});

test('fileAdoptions() supposes without writing', async t => {
  const dir = await stateDir(t);
  const adoptions = fileAdoptions(dir);
  adoptions.suppose([adoption]);
  assert.deepEqual(adoptions.all(), [adoption]);
  assert.deepEqual(fileAdoptions(dir).all(), []);
  adoptions.suppose([]);
  assert.deepEqual(adoptions.all(), []);
});

test('fileAdoptions() takes what is damaged, or says another pod than its name, for lost', async t => {
  const dir = await stateDir(t);
  const adoptions = fileAdoptions(dir);
  await adoptions.write(adoption);
  const path = (name: string): string => join(dir, 'adopted', name);
  await writeFile(path('b1.json'), '{"version":1');
  await writeFile(path('c1.json'), JSON.stringify(adoption));
  await writeFile(path('d1.json'), JSON.stringify({ ...adoption, podId: 'd1', containers: { x: {} } }));
  await writeFile(path('e1.json'), JSON.stringify({ ...adoption, podId: 'e1', uid: '' }));
  assert.deepEqual(adoptions.all(), [adoption]);
});

test('fileAdoptions() refuses one of a later format, and leaves it', async t => {
  const dir = await stateDir(t);
  const adoptions = fileAdoptions(dir);
  await adoptions.write(adoption);
  const newer = JSON.stringify({ ...adoption, version: 2, podId: 'b1' });
  await writeFile(join(dir, 'adopted', 'b1.json'), newer);
  assert.throws(
    () => adoptions.all(),
    (error: unknown) =>
      error instanceof StateError && error.code === 'STATE_NEWER' && /b1\.json.*format 2/.test(error.message),
  );
  assert.deepEqual((await readdir(join(dir, 'adopted'))).sort(), ['a1.json', 'b1.json']);
});
