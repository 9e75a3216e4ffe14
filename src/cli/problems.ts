import type { Notice } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';

/** A problem as `validate` and `plan` carry it in JSON. */
export interface ProblemDocument {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly hint: string | null;
  readonly key: string | null;
}

/** In the order of files and lines. */
export function problemDocuments(problems: readonly Problem[]): readonly ProblemDocument[] {
  return sortProblems(problems).map(({ code, severity, message, file, line, column, hint, key }) => ({
    code,
    severity,
    message,
    file,
    line,
    column,
    hint: hint ?? null,
    key: key ?? null,
  }));
}

/** A notice as JSON shows it. */
export interface NoticeDocument {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** In the order given. */
export function noticeDocuments(notices: readonly Notice[]): readonly NoticeDocument[] {
  return notices.map(({ code, message, hint }) => ({ code, message, hint: hint ?? null }));
}

/** By file, line and column. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}

/** `2 errors, 1 warning`; empty for none. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter(problem => problem.severity === 'error').length;
  const warnings = problems.length - errors;
  return [count(errors, 'error'), count(warnings, 'warning')].filter(part => part !== '').join(', ');
}

function count(number: number, word: string): string {
  if (number === 0) return '';
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
