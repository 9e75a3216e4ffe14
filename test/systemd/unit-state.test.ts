import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptBy } from '../../src/systemd/unit-state.ts';

const shown = (load: string, active: string, file: string): string =>
  `LoadState=${load}\nActiveState=${active}\nUnitFileState=${file}\n`;

for (const [text, why] of [
  [shown('loaded', 'active', 'generated'), 'it is active'],
  [shown('loaded', 'activating', 'enabled'), 'it is activating'],
  // Quadlet's: it may be wanted at boot, which only its file tells.
  [shown('loaded', 'inactive', 'generated'), 'it is generated, and starts again'],
  [shown('loaded', 'failed', 'enabled'), 'it is enabled, and starts again'],
  [shown('loaded', 'inactive', ''), 'it is there, and starts again'],
  [shown('loaded', 'inactive', 'disabled'), undefined],
  [shown('loaded', 'failed', 'disabled'), undefined],
  // What it started runs on after its file is gone.
  [shown('not-found', 'active', ''), undefined],
  [shown('masked', 'inactive', 'masked'), undefined],
  ['', 'it is in an unknown state'],
] as const) {
  test(`keptBy() of ${JSON.stringify(text)} is ${why ?? 'nothing'}`, () => assert.equal(keptBy(text), why));
}
