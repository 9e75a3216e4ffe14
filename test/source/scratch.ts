import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** A fresh directory with the files given, gone after the test. */
export function scratch(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'podstead-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  fill(dir, files);
  return dir;
}

/** Writes files, with their directories. */
export function fill(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/** A signal that no test aborts. */
export const unending: AbortSignal = new AbortController().signal;
