import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUnderSystemd } from '../../src/cli/world.ts';
import { fakeTerminal } from './terminal-fake.ts';

const cases = [
  ['by hand', {}, true, false],
  ['in a pipe', {}, false, false],
  ['as a service that notifies', { NOTIFY_SOCKET: '/run/systemd/notify', INVOCATION_ID: 'a' }, false, true],
  ['as a oneshot', { INVOCATION_ID: 'a' }, false, true],
  ["in a desktop's terminal", { INVOCATION_ID: 'a' }, true, false],
] as const;
for (const [name, env, interactive, want] of cases) {
  test(`isUnderSystemd() is ${want} when run ${name}`, () => {
    assert.equal(isUnderSystemd({ env, terminal: fakeTerminal({ interactive }) }), want);
  });
}
