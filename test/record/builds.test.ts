import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileBuilds } from '../../src/record/builds.ts';

test('fileBuilds() keeps the newest, passes over what is damaged, and begins anew after another version', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'podstead-builds-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'builds.json');
  const outcome = (builtAtMs: number) => ({ id: `i${builtAtMs}`, digest: 'sha256:d', builtAtMs });
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`k${at}`, outcome(at)]));
  writeFileSync(path, JSON.stringify({ version: 1, builds: { ...many, none: null, half: { id: 'x' } } }));
  const builds = fileBuilds(dir);
  assert.equal((await builds.load()).size, 200);
  await builds.add('new', outcome(1000));
  const kept = await builds.load();
  assert.deepEqual([kept.size, kept.has('k0'), kept.has('k1')], [200, false, true]);
  assert.deepEqual(kept.get('new'), outcome(1000));
  for (const text of ['', '[', 'null', '{"version":1}', JSON.stringify({ version: 2, builds: many })]) {
    writeFileSync(path, text);
    assert.equal((await builds.load()).size, 0, text);
  }
  await builds.add('new', outcome(1));
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).version, 1);
});
