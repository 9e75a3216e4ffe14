import { printable } from '../model/printable.ts';
import type { Problem } from '../model/problem.ts';

/** How parts of a problem are coloured; the identity for plain text. */
export interface Colours {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  /** Places and hints. */
  readonly dim: (text: string) => string;
  /** The caret. */
  readonly mark: (text: string) => string;
}

const plain: Colours = { error: text => text, warning: text => text, dim: text => text, mark: text => text };
/** Of a long line, what is shown around the caret. */
const window = 100;

/**
 * A problem as lines of text: `FILE:LINE:COLUMN: error CODE: MESSAGE`, then the source line with a caret below, then
 * the hint. No newline at the end.
 */
export function formatProblem(problem: Problem, colour: Colours = plain): string {
  const { file, line, column, severity, code, message, hint } = problem;
  const head = `${printable(file)}:${line}:${column}: ${colour[severity](`${severity} ${code}`)}: ${printable(message)}`;
  const hints = hint === undefined ? [] : [colour.dim(`    hint: ${printable(hint)}`)];
  return [head, ...excerptLines(problem, colour), ...hints].join('\n');
}

function excerptLines({ excerpt, column }: Problem, colour: Colours): readonly string[] {
  if (excerpt === undefined || excerpt.trim() === '') return [];
  const from = excerpt.length <= window || column <= window / 2 ? 0 : column - window / 2;
  const shown = printable(excerpt.slice(from, from + window));
  // Tabs stay, so that the caret stands below its character whatever their width.
  const gap = printable(excerpt.slice(from, column - 1)).replace(/[^\t]/g, ' ');
  return [`    ${shown}`, `    ${gap}${colour.mark('^')}`];
}
