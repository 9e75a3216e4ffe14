import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathsOf } from '../../src/cli/context.ts';

const cases: readonly (readonly [
  string,
  Parameters<typeof pathsOf>[0],
  string | undefined,
  ...(readonly [state: string, runtime: string, engine: string]),
])[] = [
  [
    'root',
    { uid: 0, env: { HOME: '/root' } },
    undefined,
    '/var/lib/podstead/me',
    '/run/podstead',
    '/var/lib/podstead/_engine',
  ],
  [
    'a user',
    { uid: 7, env: { HOME: '/h' } },
    undefined,
    '/h/.local/state/podstead/me',
    '/run/user/7/podstead',
    '/h/.local/state/podstead/_engine',
  ],
  [
    'XDG directories',
    { uid: 7, env: { HOME: '/h', XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/r' } },
    undefined,
    '/s/podstead/me',
    '/r/podstead',
    '/s/podstead/_engine',
  ],
  [
    'systemd',
    { uid: 0, env: { STATE_DIRECTORY: '/srv/state:/x', RUNTIME_DIRECTORY: '/run/p' } },
    undefined,
    '/srv/state/me',
    '/run/p',
    '/srv/state/_engine',
  ],
  ['--state-dir', { uid: 0, env: {} }, '/given', '/given', '/run/podstead', '/var/lib/podstead/_engine'],
  ['a user without a home', { uid: 7, env: {} }, '/given', '/given', '/run/user/7/podstead', '/given/_engine'],
];

for (const [name, facts, stateDir, state, runtime, engine] of cases) {
  test(`pathsOf() knows the directories of ${name}`, () => {
    assert.deepEqual(pathsOf(facts, { owner: 'me', stateDir }), { state, runtime, engine });
  });
}

test('pathsOf() says what to set when a user has no home', () => {
  assert.throws(() => pathsOf({ uid: 7, env: {} }, { owner: 'me', stateDir: undefined }), { hint: /--state-dir/ });
});
