import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRun, runs } from '../../src/podman/build-end.ts';

const step = (text: string) => ({ stage: undefined, number: 1, of: 1, text });

const cases: readonly (readonly [string, string, readonly string[], boolean])[] = [
  ['a line for a shell', 'RUN make all', ['/bin/sh', '-c', 'make all'], true],
  ['one for another shell', 'RUN make all', ['/bin/bash', '-ec', 'make all'], true],
  ['lines that were joined', 'RUN make   all', ['/bin/sh', '-c', 'make \t all'], true],
  ['options of the step', 'RUN --mount=type=cache,target=/c --network=none make', ['/bin/sh', '-c', 'make'], true],
  ['a list', 'RUN ["make","all"]', ['make', 'all'], true],
  ['a list whose program was looked up', 'RUN ["make","all"]', ['/usr/bin/make', 'all'], true],
  ['a list of another program', 'RUN ["make","all"]', ['/usr/bin/cmake', 'all'], false],
  ['a list with other words', 'RUN ["make","all"]', ['make', 'clean'], false],
  ['what is no list for all its bracket', 'RUN [ -e /x ]', ['/bin/sh', '-c', '[ -e /x ]'], true],
  ['another line', 'RUN make', ['/bin/sh', '-c', 'make all'], false],
  ['no command', 'RUN make', [], false],
];
for (const [name, text, command, want] of cases) {
  test(`runs() tells ${want ? 'the command of a step' : 'another command'}: ${name}`, () => {
    assert.equal(runs(step(text), command), want);
  });
}

test('isRun() tells steps that run a command from others', () => {
  assert.deepEqual(
    ['RUN make', 'run make', 'COPY run /', 'FROM run'].map(text => isRun(step(text))),
    [true, true, false, false],
  );
});
