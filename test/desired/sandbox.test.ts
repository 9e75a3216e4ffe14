import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSandbox } from '../../src/desired/sandbox.ts';

const cases: readonly (readonly [string, string | undefined, string, string])[] = [
  ['takes the pod name', undefined, 'a.b', 'a.b'],
  ['takes what the spec says', 'other', 'a', 'other'],
  ['cuts a long pod name to 63 characters', undefined, 'x'.repeat(253), 'x'.repeat(63)],
  ['leaves no dash or dot at the cut', undefined, `${'x'.repeat(61)}-.y`, 'x'.repeat(61)],
];

for (const [name, hostname, podName, want] of cases) {
  test(`resolveSandbox() ${name} as host name`, () => {
    const spec = { containers: [], ...(hostname === undefined ? {} : { hostname }) };
    const names = {
      podName,
      namespace: 'shop',
      ownUsers: false,
      infraName: undefined,
      network: 'podstead',
      aliases: [],
      labels: {},
      annotations: {},
    };
    assert.equal(resolveSandbox(spec, {}, names).hostname, want);
  });
}
