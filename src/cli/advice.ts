import { type Row, refusedFlags } from './advice-flags.ts';
import { refusedVerbs } from './advice-verbs.ts';

/**
 * What a person does instead of a flag or verb that other tools have and a command of ours has not; undefined for one that
 * nobody knows.
 *
 * @param path of the command: `build`, `image copy`; empty for the program itself
 * @param told what commander says of it
 * @param words of the command line
 */
export function adviceOn(path: string, told: string, words: readonly string[]): string | undefined {
  const [, kind, word = ''] = /^error: unknown (option|command) '([^']*)'/.exec(told) ?? [];
  if (kind === 'command') return verbAdvice(path, word);
  // A command that takes an argument takes an unknown verb for one.
  if (told.startsWith('error: too many arguments')) return verbAdvice(path, words[words.indexOf(path) + 1] ?? '');
  const row = kind === 'option' ? find(refusedFlags[path], word.split('=')[0] ?? '') : undefined;
  // What begins like a flag of ours is a slip of the pen, and no word of another command.
  return row?.[0] === '*' && told.includes('Did you mean') ? undefined : row?.[1];
}

/** The same of a verb, where it is known to be one. */
export function verbAdvice(path: string, word: string): string | undefined {
  return find(refusedVerbs[path], word)?.[1].replaceAll('{}', () => word);
}

function find(rows: readonly Row[] = [], word: string): Row | undefined {
  return rows.find(([words]) => words === '*' || words.split(' ').includes(word));
}
