import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from '../../src/manifest/show.ts';
import type { Problem } from '../../src/model/problem.ts';

const problem: Problem = {
  file: 'a.yaml',
  line: 3,
  column: 5,
  code: 'FIELD_UNKNOWN',
  severity: 'error',
  message: 'Cannot use spec.a: there is no such field',
  hint: 'Did you mean "b"',
  excerpt: '  - a: 1',
};

test('formatProblem() shows place, code, line, caret and hint', () => {
  assert.deepEqual(formatProblem(problem).split('\n'), [
    'a.yaml:3:5: error FIELD_UNKNOWN: Cannot use spec.a: there is no such field',
    '      - a: 1',
    '        ^',
    '    hint: Did you mean "b"',
  ]);
});

test('formatProblem() is one line without excerpt and hint', () => {
  const { excerpt: _, hint: __, ...rest } = problem;
  assert.equal(formatProblem(rest).includes('\n'), false);
});

test('formatProblem() keeps tabs before the caret', () => {
  assert.equal(formatProblem({ ...problem, excerpt: '\ta: 1', column: 2 }).split('\n')[2], '    \t^');
});

test('formatProblem() shows the part of a long line around the caret', () => {
  const excerpt = `${'x'.repeat(300)}HERE${'y'.repeat(300)}`;
  const [, line = '', caret = ''] = formatProblem({ ...problem, excerpt, column: 301 }).split('\n');
  assert.ok(line.length <= 104);
  assert.equal(line.slice(caret.indexOf('^')).startsWith('HERE'), true);
});

test('formatProblem() lets no control characters through', () => {
  const text = formatProblem({
    ...problem,
    file: 'a\u001b[2J.yaml',
    message: 'a\u001b[2Jb',
    excerpt: '\u001b]0;x\u0007',
  });
  assert.equal(text.includes('\u001b') || text.includes('\u0007'), false);
});

test('formatProblem() colours through the functions it is given', () => {
  const wrap = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
  const colours = { error: wrap('e'), warning: wrap('w'), dim: wrap('d'), mark: wrap('m') };
  assert.match(formatProblem(problem, colours), /<e>error FIELD_UNKNOWN<\/e>.*<m>\^<\/m>.*<d>.*hint/s);
  assert.match(formatProblem({ ...problem, severity: 'warning' }, colours), /<w>warning/);
});
