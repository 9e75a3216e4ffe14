import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failuresOf, totalsOf } from '../scripts/report.mjs';

/** As Node 20 writes it, details cut. */
const report = `TAP version 13
# Subtest: on a booted Debian 12
    # Subtest: the agent
        # Subtest: after \\# 1
        not ok 1 - after \\# 1
          ---
          failureType: 'testCodeFailure'
          error: |-
            not ok 7 - in the text of an error
            failureType: 'testCodeFailure'
          ...
        # Subtest: fine
        ok 2 - fine
          ---
          duration_ms: 2
          ...
        # 40 runs, seed 3
        1..2
    not ok 1 - the agent
      ---
      failureType: 'subtestsFailed'
      ...
    # Subtest: that does not boot
        # Subtest: never begun
        not ok 1 - never begun
          ---
          failureType: 'cancelledByParent'
          ...
        1..1
    not ok 2 - that does not boot
      ---
      type: 'suite'
      failureType: 'hookFailed'
      error: 'Waited in vain until it has booted'
      ...
    1..2
not ok 1 - on a booted Debian 12
  ---
  failureType: 'subtestsFailed'
  ...
# Subtest: alone
not ok 2 - alone
  ---
  failureType: 'testTimeoutFailure'
  ...
1..2
# pass 1
# fail 2
# cancelled 1
# skipped 3
# todo 0
`;

test('a failure is named with the suites around it and its error, once, and not for what failed with it', () => {
  assert.deepEqual(failuresOf(report), [
    'on a booted Debian 12 › the agent › after # 1: not ok 7 - in the text of an error',
    'on a booted Debian 12 › that does not boot: Waited in vain until it has booted',
    'alone',
  ]);
});

test('what was cancelled counts as failed', () => {
  assert.deepEqual(totalsOf(report), { passed: 1, failed: 3, skipped: 3, runs: 40 });
});
