import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { healthWriter, readHealth, type SavedHealth } from '../../src/record/health.ts';

const health: SavedHealth = { started: true, ready: false, message: 'm', failed: undefined, startedAtMs: 5, lateMs: 0 };

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'pdhe-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'run', 'health.json');
}

test('what one process wrote another reads while the first lives; the file is for its owner alone', t => {
  const path = scratch(t);
  assert.deepEqual(readHealth(path), { alive: false, containers: new Map() });
  const write = healthWriter(path);
  write(new Map([['c', health]]));
  const { alive, containers } = readHealth(path);
  assert.equal(alive, true);
  assert.deepEqual(containers.get('c'), JSON.parse(JSON.stringify(health)));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { ino } = statSync(path);
  write(new Map([['c', health]]));
  assert.equal(statSync(path).ino, ino, 'the same is not written twice');
});

test('of a process that is gone, also where its number has passed on, it is stale', async t => {
  const path = scratch(t);
  healthWriter(path)(new Map([['c', health]]));
  const text = readFileSync(path, 'utf8');
  const child = spawn('sleep', ['100']);
  t.after(() => child.kill());
  writeFileSync(path, text.replace(`"pid":${process.pid}`, `"pid":${child.pid}`));
  assert.equal(readHealth(path).alive, false);
  writeFileSync(path, text.replace(`"pid":${process.pid}`, '"pid":999999999'));
  assert.equal(readHealth(path).alive, false);
  writeFileSync(path, text.slice(0, 20));
  assert.deepEqual(readHealth(path), { alive: false, containers: new Map() });
});
