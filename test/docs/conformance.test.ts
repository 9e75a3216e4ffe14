import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { page } from './blocks.ts';

const file = 'docs/conformance.md';
const tests = join(import.meta.dirname, '..');
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

/** Every `FILE: TITLE` in what a row says. */
function named(answer: string): readonly (readonly [string, string])[] {
  return [...answer.matchAll(/`([\w./-]+\.ts): ([^`]+)`/g)].map(([, path = '', title = '']) => [path, title]);
}

/** Whether a file has a test of that title: written out, from a table of its own, or a template filled in with words of the file. */
function hasTest(source: string, title: string): boolean {
  const isQuoted = (text: string): boolean => ["'", '"', '`'].some(quote => source.includes(quote + text + quote));
  const isWord = (text: string): boolean =>
    text === '' || isQuoted(text) || (/^\w+$/.test(text) && new RegExp(`^ *${text}:`, 'm').test(source));
  const titles = source.matchAll(/\b(?:test|describe)\(\s*(?:'([^'\n]+)'|"([^"\n]+)"|`([^`\n]+)`|(\w+),)/g);
  return [...titles].some(([, single, double, template, variable]) => {
    if (variable !== undefined) return isQuoted(title);
    if (template === undefined) return title === (single ?? double);
    return fits(template.split(/\$\{[^}]*\}/), title, isWord);
  });
}

/** Whether a title is made of these parts with a word of the file in each gap. */
function fits([first = '', ...rest]: readonly string[], title: string, isWord: (text: string) => boolean): boolean {
  if (!title.startsWith(first)) return false;
  const after = title.slice(first.length);
  if (rest.length === 0) return after === '';
  const ends = Array.from({ length: after.length + 1 }, (_, end) => end);
  return ends.some(end => isWord(after.slice(0, end)) && fits(rest, after.slice(end), isWord));
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
  const sources = new Map<string, string>();
  const wrong = all
    .flatMap(({ answer }) => named(answer))
    .filter(([path, title]) => {
      if (!existsSync(join(tests, path))) return true;
      const source = sources.get(path) ?? page(`test/${path}`);
      sources.set(path, source);
      return !hasTest(source, title);
    });
  assert.deepEqual(wrong, []);
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
