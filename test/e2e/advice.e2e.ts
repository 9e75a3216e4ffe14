import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adviceOn, verbAdvice } from '../../src/cli/advice.ts';
import { makeProgram } from '../../src/cli/program.ts';
import { run } from './host.ts';

const own = makeProgram(async () => undefined);
const working = 'from run config commit copy add rm containers mount umount inspect'.split(' ');
/** Their commands, and the one of ours that does it. */
const pairs: readonly (readonly [theirs: string, ours: string])[] = [
  ['podman build', 'build'],
  ['buildah build', 'build'],
  ...'inspect copy sync delete list-tags login logout'
    .split(' ')
    .map(verb => [`skopeo ${verb}`, `image ${verb}`] as const),
  ['podman login', 'image login'],
  ['podman pull', 'image pull'],
  ['podman image prune', 'image prune'],
  ['podman image inspect', 'image inspect'],
  ['podman image sign', 'image sign'],
  ...working.map(verb => [`buildah ${verb}`, `build ${verb}`] as const),
];
/** Those of which each verb is told. */
const groups = [
  ['skopeo', ''],
  ['podman image', 'image'],
  ['buildah', 'build'],
] as const;

const help = async (words: string): Promise<string> => {
  const [file = '', ...args] = words.split(' ');
  return (await run(file, [...args, '--help'])).stdout;
};
const isDebian12 = (await run('podman', ['--version'])).stdout.includes('version 4.3.');

describe('what other tools have and podstead refuses has advice', {
  skip: !isDebian12 && 'the table follows Debian 12',
}, () => {
  for (const [theirs, path] of pairs) {
    test(`each flag of ${theirs}`, async () => {
      const command = path.split(' ').reduce((at, word) => at.commands.find(each => each.name() === word) ?? at, own);
      const ours = command.options.flatMap(({ long, short }) => [long, short]);
      const found = (await help(theirs)).matchAll(/^\s+(?:(-\w), )?(--[\w.-]+)/gm);
      const flags = [...found].flatMap(([, short, long = '']) => (short === undefined ? [long] : [long, short]));
      assert.ok(flags.length > 0, 'it has flags');
      const mute = flags
        .filter(flag => !['-h', '--help', ...ours].includes(flag))
        .filter(flag => adviceOn(path, `error: unknown option '${flag}'`, []) === undefined);
      assert.deepEqual(mute, []);
    });
  }

  for (const [theirs, path] of groups) {
    test(`each verb of ${theirs}`, async () => {
      const text = /Available Commands:\n((?: .*\n)+)/.exec(await help(theirs))?.[1] ?? '';
      const verbs = text.split('\n').flatMap(line => /^ +([a-z-]+) /.exec(line)?.[1] ?? []);
      assert.ok(verbs.length > 8, String(verbs));
      const ours = (path === '' ? own : own.commands.find(each => each.name() === path))?.commands.map(each =>
        each.name(),
      );
      const mute = verbs
        .filter(verb => !['help', 'completion', ...(ours ?? [])].includes(verb))
        .filter(verb => verbAdvice(path, verb) === undefined);
      assert.deepEqual(mute, []);
    });
  }
});
