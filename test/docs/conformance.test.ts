import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { page } from './blocks.ts';
import { missingTests, named, tests } from './named-tests.ts';

const file = 'docs/conformance.md';
const reasons = ['Does not apply: ', 'Not done yet: ', 'No test yet'] as const;

/** A row of the page: the cases of Podman's that it stands for, and what covers them. */
interface Row {
  readonly case: string;
  readonly cases: number;
  readonly answer: string;
}

/** What stands below a heading that ends with a count of cases. */
interface Section {
  readonly title: string;
  readonly cases: number;
  readonly text: string;
}

function sections(text: string, level: '##' | '###'): readonly Section[] {
  return text
    .split(new RegExp(`^${level} `, 'm'))
    .slice(1)
    .map(part => {
      const [, title = '', cases = ''] = /^(.+) \((\d+)\)\n/.exec(part) ?? [];
      assert.ok(title, `a heading without a count: ${part.slice(0, 40)}`);
      return { title, cases: Number(cases), text: part };
    });
}

/** The rows of the tables of two columns. */
function rows(text: string): readonly Row[] {
  return [...text.matchAll(/^\| (.+?) \| (.+) \|$/gm)]
    .map(([, name = '', answer = '']) => ({ case: name, cases: Number(/ ×(\d+)$/.exec(name)?.[1] ?? 1), answer }))
    .filter(row => row.case !== 'case' && row.case !== '---');
}

function sum(of: readonly { readonly cases: number }[]): number {
  return of.reduce((total, { cases }) => total + cases, 0);
}

const files = sections(page(file), '##');
const all = files.flatMap(({ text }) => rows(text));

test('every row of docs/conformance.md names a test or begins with a reason', () => {
  assert.ok(all.length > 100);
  const bare = all.filter(
    ({ answer }) => !answer.startsWith('`') && !reasons.some(reason => answer.startsWith(reason)),
  );
  assert.deepEqual(bare, []);
  const empty = all.filter(({ answer }) => answer.startsWith('`') && named(answer).length === 0);
  assert.deepEqual(empty, []);
});

test('every test that docs/conformance.md names is there', () => {
  assert.deepEqual(missingTests(all.map(({ answer }) => answer)), []);
});

test('every test file that docs/conformance.md names is there', () => {
  const paths = [...page(file).matchAll(/`([\w./-]+\.ts)(?:`|: )/g)].map(([, path = '']) => path);
  assert.deepEqual(
    paths.filter(path => !existsSync(join(tests, path))),
    [],
  );
});

test('the counts of docs/conformance.md add up to what Podman has', () => {
  assert.deepEqual(
    files.map(({ title, cases }) => [title, cases]),
    [
      ['play_kube_test.go', 190],
      ['generate_kube_test.go', 75],
      ['play_build_test.go', 6],
      ['700-play.bats', 31],
      ['710-kube.bats', 7],
      ['80-kube.at', 17],
    ],
  );
  for (const { title, cases, text } of files.flatMap(each => [each, ...sections(each.text, '###')])) {
    assert.equal(sum(rows(text)), cases, title);
  }
});

test('the table at the top of docs/conformance.md counts its rows', () => {
  const table = page(file).split('<!-- counts')[1]?.split('<!-- /counts')[0] ?? '';
  const told = [...table.matchAll(/^\| (\S+) +((?:\| \d+ +){5})\|$/gm)].map(([, title, numbers = '']) => [
    title,
    ...(numbers.match(/\d+/g) ?? []).map(Number),
  ]);
  const counted = files.map(({ title, cases, text }) => {
    const of = (start: string): number => sum(rows(text).filter(({ answer }) => answer.startsWith(start)));
    return [title, cases, of('`'), ...reasons.map(of)];
  });
  assert.deepEqual(told, counted);
});
