/** Thrown for text that no unit file can hold. */
export class UnitTextError extends Error {
  override readonly name = 'UnitTextError';
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\t': '\\t', '\r': '\\r' };

/** Characters that a word may have without quotes, whatever stands around it. */
const plainWord = /^[A-Za-z0-9_.,:/@%+=^-]+$/;

/**
 * One word as Environment= and similar settings take it: quoted where needed, C escapes inside, `%` doubled as it
 * would begin a specifier; systemd.syntax(7), systemd.unit(5) "Specifiers".
 *
 * @throws UnitTextError for a NUL or an unpaired surrogate, which no unit file can hold
 */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw new UnitTextError('Cannot write a unit: a value holds a NUL character');
  if (/\p{Surrogate}/u.test(word)) throw new UnitTextError('Cannot write a unit: a value is not valid Unicode');
  const doubled = word.replaceAll('%', '%%');
  if (plainWord.test(doubled)) return doubled;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be escaped
  const escaped = doubled.replace(/[\\"\u0000-\u001f\u007f]/g, char => escapes[char] ?? hexEscape(char));
  return `"${escaped}"`;
}

function hexEscape(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/**
 * A command line for ExecStart= and its like, systemd.service(5) "Command lines": as {@link quoteWord}, and `$` doubled
 * in the arguments, as it would begin a variable. No shell is involved.
 *
 * @throws UnitTextError where the program is not an absolute path or holds what its place does not allow
 */
export function quoteCommand(argv: readonly string[]): string {
  const [program = '', ...args] = argv;
  // The path itself is taken without variables but argv[0] is not, so that neither form of `$` would be right.
  if (!program.startsWith('/') || program.includes('$')) {
    throw new UnitTextError(`Cannot write a unit: the program must be an absolute path without '$', got '${program}'`);
  }
  return [quoteWord(program), ...args.map(quoteArgument)].join(' ');
}

/** One argument of a command line: as {@link quoteWord}, and `$` doubled. */
export function quoteArgument(argument: string): string {
  return quoteWord(argument).replaceAll('$', '$$$$');
}

/** Splits what {@link quoteWord} made, joined by spaces, into the words again. */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  const token = /"((?:[^"\\]|\\.)*)"|(\S+)/g;
  for (const [, quoted, plain] of text.matchAll(token)) {
    const word = quoted === undefined ? (plain ?? '') : unescapeWord(quoted);
    words.push(word.replaceAll('%%', '%'));
  }
  return words;
}

/** Splits what {@link quoteCommand} made into program and arguments. */
export function splitCommand(text: string): readonly string[] {
  return splitWords(text).map(word => word.replaceAll('$$', '$'));
}

const unescapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unescapeWord(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return unescapes[char ?? ''] ?? char ?? '';
  });
}
