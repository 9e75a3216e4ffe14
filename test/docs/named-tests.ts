import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { page } from './blocks.ts';

/** Where the files lie that pages name. */
export const tests: string = join(import.meta.dirname, '..');

/** The tests that answers name and that are not there. */
export function missingTests(answers: readonly string[]): readonly (readonly [string, string])[] {
  const sources = new Map<string, string>();
  return answers.flatMap(named).filter(([path, title]) => {
    if (!existsSync(join(tests, path))) return true;
    const source = sources.get(path) ?? page(`test/${path}`);
    sources.set(path, source);
    return !hasTest(source, title);
  });
}

/** Every `FILE: TITLE` in what a row says. */
export function named(answer: string): readonly (readonly [string, string])[] {
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
