import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectory } from '../../src/podman/files.ts';

test('makeDirectory() makes one directory for many at once, with what is missing above it', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'podstead-files-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (let i = 0; i < 20; i += 1) {
    const path = join(dir, `${i}`, 'a', 'b');
    await Promise.all(Array.from({ length: 4 }, () => makeDirectory(path, 0o700)));
    assert.ok(existsSync(path));
  }
});
