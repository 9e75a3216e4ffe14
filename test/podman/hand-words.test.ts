import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHandWords } from '../../src/podman/hand-words.ts';

interface Case {
  readonly image: { readonly Entrypoint?: readonly string[]; readonly Cmd?: readonly string[] };
  /** As inspect of 4.3 shows it. */
  readonly shown: {
    readonly Entrypoint: unknown;
    readonly Cmd: readonly string[];
    readonly process: readonly string[];
  };
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

const image = { Entrypoint: ['/run', 'me'], Cmd: ['serve'] };
const cases: Readonly<Record<string, Case>> = {
  'nothing of its own': { image, shown: { Entrypoint: '/run me', Cmd: ['serve'], process: ['/run', 'me', 'serve'] } },
  'other arguments': {
    image,
    shown: { Entrypoint: '/run me', Cmd: ['a b', 'c'], process: ['/run', 'me', 'a b', 'c'] },
    args: ['a b', 'c'],
  },
  'an entrypoint with spaces in a word': {
    image,
    shown: { Entrypoint: 'sh -c echo x y', Cmd: [], process: ['sh', '-c', 'echo x y'] },
    command: ['sh', '-c', 'echo x y'],
  },
  'an entrypoint that was taken away': {
    image,
    shown: { Entrypoint: '', Cmd: ['ls', '-l'], process: ['ls', '-l'] },
    command: ['ls', '-l'],
  },
  "the image's entrypoint without its arguments": {
    image,
    shown: { Entrypoint: '/run me', Cmd: [], process: ['/run', 'me'] },
    command: ['/run', 'me'],
  },
  'one word, which is shown twice': {
    image: {},
    shown: { Entrypoint: '', Cmd: ['true'], process: ['true', 'true'] },
    args: ['true'],
  },
  'two words that are the same': {
    image: {},
    shown: { Entrypoint: '', Cmd: ['echo', 'echo'], process: ['echo', 'echo'] },
    args: ['echo', 'echo'],
  },
  'behind an init': {
    image: {},
    shown: { Entrypoint: '', Cmd: ['sleep', '1'], process: ['/run/podman-init', '--', 'sleep', '1'] },
    args: ['sleep', '1'],
  },
  'a list, as 5 shows it': {
    image,
    shown: { Entrypoint: ['a', 'b c'], Cmd: ['d'], process: ['a', 'b c', 'd'] },
    command: ['a', 'b c'],
    args: ['d'],
  },
};

for (const [what, { image, shown, command, args }] of Object.entries(cases)) {
  test(`readHandWords() tells the words of a container from its image's: ${what}`, () => {
    const [Path, ...Args] = shown.process;
    const { Entrypoint, Cmd } = shown;
    assert.deepEqual(readHandWords({ Path, Args, Config: { Entrypoint, Cmd } }, image), { command, args, unsaid: [] });
  });
}
