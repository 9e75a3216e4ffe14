import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeProgram } from '../../src/cli/program.ts';
import { page } from './blocks.ts';
import { missingTests, named } from './named-tests.ts';

const section = page('docs/images.md').split("## Skopeo's commands\n")[1] ?? '';
/** Skopeo's words, ours, and the test or reason. */
const rows = [...section.matchAll(/^\| `([^`]+)`[^|]*\|([^|]*)\| (.+) \|$/gm)].map(
  ([, theirs = '', ours = '', answer = '']) => ({ theirs, ours, answer }),
);
const reasons = ['Not done yet: ', 'Not taken: ', 'Does not apply: '];

test('docs/images.md has a row for every command of skopeo 1.9', () => {
  const commands =
    'copy delete inspect list-tags login logout manifest-digest standalone-sign standalone-verify sync'.split(' ');
  const told = rows.flatMap(({ theirs }) => /^skopeo (\S+)$/.exec(theirs)?.[1] ?? []);
  assert.deepEqual(told.toSorted(), commands);
});

test('every row of docs/images.md names a test, or begins with a reason', () => {
  assert.ok(rows.length > 30);
  const bare = rows.filter(
    ({ answer }) => named(answer).length === 0 && !reasons.some(reason => answer.startsWith(reason)),
  );
  assert.deepEqual(bare, []);
});

test('every test that docs/images.md names is there', () => {
  assert.deepEqual(missingTests(rows.map(({ answer }) => answer)), []);
});

test('what docs/images.md calls ours is a command or an option of ours', () => {
  const image = makeProgram(async () => undefined).commands.find(command => command.name() === 'image');
  const words = new Set(
    (image?.commands ?? []).flatMap(command => [
      `podstead image ${command.name()}`,
      ...command.options.flatMap(({ long, short }) => [long, short]),
    ]),
  );
  const ours = rows.flatMap(row =>
    [...row.ours.matchAll(/`(podstead image [a-z-]+|--?[a-z.-]+)/g)].map(match => match[1]),
  );
  assert.ok(ours.length > 20);
  assert.deepEqual(
    ours.filter(word => !words.has(word)),
    [],
  );
});
