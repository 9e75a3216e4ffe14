import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { adviceOn } from '../../src/cli/advice.ts';
import { refusedFlags } from '../../src/cli/advice-flags.ts';
import { refusedVerbs } from '../../src/cli/advice-verbs.ts';
import { makeProgram } from '../../src/cli/program.ts';

const root = resolve(import.meta.dirname, '../..');
const program = makeProgram(async () => undefined);

/** The command that words name; undefined where there is none. */
function commandOf(path: string): Command | undefined {
  const words = path === '' ? [] : path.split(' ');
  return words.reduce<Command | undefined>(
    (command, word) => command?.commands.find(each => each.name() === word),
    program,
  );
}

function flagsOf(path: string): ReadonlySet<string | undefined> {
  return new Set(commandOf(path)?.options.flatMap(({ long, short }) => [long, short]));
}

/** What only needs another value, or none. */
const valued = ['--pull', '--no-cache', '--squash', '--squash-all', '--quiet'];

for (const [path, rows] of Object.entries(refusedFlags)) {
  test(`advice on flags of podstead ${path} is on none that it has, and on each once`, () => {
    assert.notEqual(commandOf(path), undefined);
    const words = rows.flatMap(([words]) => words.split(' '));
    assert.deepEqual(
      words.filter((word, index) => words.indexOf(word) !== index),
      [],
    );
    const ours = flagsOf(path);
    assert.deepEqual(
      words.filter(word => ours.has(word) && !valued.includes(word)),
      [],
    );
  });
}

for (const [path, rows] of Object.entries(refusedVerbs)) {
  test(`advice on verbs of ${path === '' ? 'the program' : `podstead ${path}`} is on none that it has, and on each once`, () => {
    const words = rows.flatMap(([words]) => words.split(' '));
    assert.equal(new Set(words).size, words.length);
    assert.deepEqual(
      words.filter(word => commandOf(`${path} ${word}`.trim()) !== undefined),
      [],
    );
  });
}

test('advice names commands and flags that there are', () => {
  const texts = [...Object.entries(refusedFlags), ...Object.entries(refusedVerbs)].flatMap(([, rows]) =>
    rows.flatMap(([words, advice]) => words.split(' ').map(word => advice.replaceAll('{}', word))),
  );
  let count = 0;
  for (const text of texts) {
    for (const [said, first = '', second = '', rest = ''] of text.matchAll(
      /podstead ([a-z]+)(?: ([a-z-]+\b))?([^"]*)/g,
    )) {
      const isGroup = (commandOf(first)?.commands.length ?? 0) > 0;
      const path = isGroup && commandOf(`${first} ${second}`) !== undefined ? `${first} ${second}` : first;
      assert.notEqual(commandOf(path), undefined, said);
      // Only a directory stands behind a group that is a command itself.
      if (isGroup && path === first) assert.equal(first, 'build', said);
      const [before = ''] = rest.split(' -- ');
      for (const [flag] of before.matchAll(/--[a-z-]+/g)) assert.ok(flagsOf(path).has(flag), `${said}: ${flag}`);
      count++;
    }
  }
  assert.ok(count > 60, String(count));
});

test('adviceOn() says nothing of what nobody knows, and leaves a slip of the pen to whoever saw it', () => {
  assert.equal(adviceOn('build', "error: unknown option '--nonsense'", []), undefined);
  assert.equal(adviceOn('', "error: unknown command 'nonsense'", []), undefined);
  assert.equal(adviceOn('exec', "error: unknown option '--containr'\n(Did you mean --container?)", []), undefined);
});

const lines = [
  [
    'build --isolation chroot .',
    /^error: unknown option '--isolation'\n {2}Commands run with .*containers\.conf says\n\(see podstead build --help\)\n$/,
  ],
  ['build -v /a:/b .', /^error: unknown option '-v'\n {2}Write RUN --mount/],
  ['build --pull=always .', /^error: unknown option '--pull=always'\n {2}Give --pull alone/],
  ['build push web', /^error: too many arguments .*\n {2}It is "podstead image copy containers-storage:/],
  ['build images', /^podstead: Cannot build from "images".*\n.*"podman images"/],
  ['build run work ls -la', /^error: unknown option '-la'\n {2}Put -- before the command/],
  ['exec web ls -la', /^error: unknown option '-la'\n {2}Put -- before the command/],
  [
    'image inspect --creds a:b docker://x',
    /^error: unknown option '--creds'\n {2}Keep them with "podstead image login"/,
  ],
  ['login quay.io', /^error: unknown command 'login'\n {2}It is "podstead image login"\n\(see podstead --help\)\n$/],
  ['push web', /^error: unknown command 'push'\n {2}It is "podstead image copy/],
  ['image rm web', /^error: unknown command 'rm'\n {2}"podstead image delete".*\n\(see podstead image --help\)\n$/],
  ['--owner a image tags x', /^error: unknown command 'tags'\n {2}It is "podstead image list-tags"/],
  ['image list-tag x', /^error: unknown command 'list-tag'\n\(Did you mean list-tags\?\)/],
  [
    'image pull docker://quay.io/x',
    /^podstead: Cannot pull .*no such file.*\n.*image copy docker:\/\/quay\.io\/x containers-storage:quay\.io\/x\n$/,
  ],
  ['image pull web:1', /^podstead: Cannot pull "web:1"/],
] as const;
for (const [line, told] of lines) {
  test(`podstead ${line} says what to do instead`, () => {
    const args = ['--import', 'tsx', join(root, 'src/cli/main.ts'), ...line.split(' ')];
    const env = { ...process.env, CONTAINER_HOST: 'unix:///nowhere.sock' };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
    assert.match(stderr, told);
    assert.deepEqual([status, stdout], [1, '']);
  });
}
