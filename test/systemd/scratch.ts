import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A fresh directory, gone after the test. */
export function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'podstead-systemd-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A program that notes how it was called and then runs the shell text given. */
export function fakeProgram(
  dir: string,
  name: string,
  body: string,
): { readonly path: string; calls(): readonly string[] } {
  const path = join(dir, name);
  const log = join(dir, `${name}.calls`);
  writeFileSync(log, '');
  writeFileSync(path, `#!/bin/sh\nprintf '%s|' "$@" >>${log}\necho >>${log}\n${body}\n`, { mode: 0o755 });
  const calls = (): readonly string[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(line => line !== '')
      .map(line => line.slice(0, -1).replaceAll('|', ' '));
  return { path, calls };
}

/** A signal that no test aborts. */
export const unending: AbortSignal = new AbortController().signal;
