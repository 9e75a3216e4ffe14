import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineOf, linesOf, readLine } from '../../src/podman/build-steps.ts';
import { check } from '../arbitraries/property.ts';

async function* each(pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces;
}

async function linesIn(pieces: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(each(pieces))) lines.push(line);
  return lines;
}

test('linesOf() finds the same lines however the text is cut', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.stringMatching(/^[a-z]*$/)),
    fc.array(fc.nat(8)),
    async (lines, cuts) => {
      const text = lines.map(line => `${line}\n`).join('');
      const pieces: string[] = [];
      let rest = text;
      for (const cut of cuts) {
        pieces.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      assert.deepEqual(await linesIn([...pieces, rest]), lines);
    },
  );
  await check(property);
});

test('linesOf() gives a last line without an end, and of a line that was redrawn what stands last', async () => {
  assert.deepEqual(await linesIn(['a\nb', 'c']), ['a', 'bc']);
  assert.deepEqual(await linesIn(['by hand', 'COMMIT a\n', 'x', '--> 0\n']), ['by hand', 'COMMIT a', 'x', '--> 0']);
  assert.deepEqual(await linesIn(['10%\r50%\r100%\r\n']), ['100%']);
});

test('readLine() knows steps, with their stage where there are several', () => {
  const step = { stage: undefined, number: 2, of: 5, text: 'RUN make: all' };
  assert.deepEqual(readLine('STEP 2/5: RUN make: all'), { type: 'step', step });
  const staged = { ...step, stage: { number: 1, of: 2 } };
  assert.deepEqual(readLine('[1/2] STEP 2/5: RUN make: all'), { type: 'step', step: staged });
  assert.deepEqual(readLine('--> Using cache 0123'), { type: 'cached' });
  assert.deepEqual(readLine('STEPS are many'), { type: 'output', line: 'STEPS are many' });
});

test('lineOf() counts over comments, continued lines and stages; a step that the engine adds has no line', async () => {
  const file = '# a\nARG X=1\nFROM a\n\nRUN one \\\n# between\n  two\nCOPY x y\nfrom b\nrun three\n';
  const at = (number: number, text: string, stage?: number): Promise<number | undefined> =>
    lineOf({ stage: stage === undefined ? undefined : { number: stage, of: 2 }, number, of: 3, text }, file);
  assert.equal(await at(1, 'FROM a', 1), 3);
  assert.equal(await at(2, 'RUN one   two', 1), 5);
  assert.equal(await at(3, 'COPY x y'), 8);
  assert.equal(await at(2, 'run three', 2), 10);
  assert.equal(await at(2, 'LABEL added', 2), undefined);
  assert.equal(await at(3, 'LABEL "a"="b"', 2), undefined);
});
