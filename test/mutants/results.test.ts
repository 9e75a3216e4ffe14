import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Fate } from './listed.ts';
import type { MachineFault } from './machine.ts';
import { keepResults, readResults } from './results.ts';

const kill = { suite: 'test/a.test.ts', test: 'it works' };

/** A fault of that text, found or not. */
function fate(code: string, isFound: boolean): Fate<MachineFault> {
  const fault = { id: '1', file: 'src/a.ts', line: 1, kind: 'x', code, from: 'true', to: 'false' };
  return { fault, kill: isFound ? kill : undefined };
}

test('keepResults() of a run of survivors renews these alone, and of two that look the same neither unless both are found', () => {
  const root = mkdtempSync(join(tmpdir(), 'podstead-results-'));
  try {
    const machine = [fate('a', true), fate('b', false), fate('c', false), fate('c', true)];
    const first = { listed: [], machine, made: 9, how: '--machine --sample 4' };
    keepResults(root, first);
    const again = {
      listed: [],
      machine: [fate('b', true), fate('c', true), fate('c', false)],
      made: 8,
      how: '--again',
    };
    keepResults(root, again, true);
    assert.deepEqual(readResults(root), {
      ...first,
      how: '--machine --sample 4, then --again',
      machine: [fate('a', true), fate('b', true), fate('c', false), fate('c', true)].map(({ fault, kill }) =>
        kill === undefined ? { fault } : { fault, kill },
      ),
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
