/** A step of a Containerfile. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string;
  /** What follows it, as one line. */
  readonly rest: string;
}

/**
 * Reads the instructions of a Containerfile as the engine does (the parser that Buildah has from Docker): a line whose last
 * character but blanks is the escape character goes on in the next; comments and blank lines in between are nothing, and
 * a comment is never continued. What a here-document holds is taken for instructions.
 */
export function instructionsOf(text: string): readonly Instruction[] {
  const continued = new RegExp(`${escapeOf(text) === '`' ? '`' : '\\\\'}[ \\t]*$`);
  const found: Instruction[] = [];
  let whole = '';
  for (const line of text.split(/\r?\n/)) {
    const isNothing = /^\s*(?:#|$)/.test(line);
    if (isNothing) continue;
    whole += line.replace(continued, '');
    if (continued.test(line)) continue;
    found.push(instruction(whole));
    whole = '';
  }
  return whole.trim() === '' ? found : [...found, instruction(whole)];
}

/** As the directive says: a comment that stands before everything but other directives (Containerfile(5)). */
function escapeOf(text: string): string {
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^\s*#\s*([a-z]+)\s*=\s*(\S+)\s*$/i.exec(line) ?? [];
    if (name === undefined) break;
    if (name.toLowerCase() === 'escape') return value ?? '\\';
  }
  return '\\';
}

function instruction(whole: string): Instruction {
  const [, keyword = '', rest = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(whole) ?? [];
  return { keyword: keyword.toUpperCase(), rest };
}
