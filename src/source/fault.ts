import { isAbsolute, relative } from 'node:path';
import { reasonOf } from '../model/file-fault.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';

/** How a path is shown to people: relative to `cwd` where that is shorter. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  if (short === '' || isAbsolute(short)) return path;
  return short.length < path.length ? short : path;
}

/** A fault of a whole file or directory: an error at its first character. */
export function fileProblem(shown: string, code: ProblemCode, message: string, hint: string): Problem {
  return { code, severity: 'error', file: shown, line: 1, column: 1, message, hint };
}

/** The code of a system error such as `ENOENT`; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** True where the error says that the path is not there (any more). */
export function isGone(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Why a path could not be read, in words and with what to do next. */
export function unreadable(shown: string, error: unknown): Problem {
  const code = errnoOf(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return fileProblem(
      shown,
      'FILE_UNREADABLE',
      `Cannot read '${shown}': permission denied`,
      'Give the user that runs podstead read access to it',
    );
  }
  return fileProblem(
    shown,
    'FILE_UNREADABLE',
    `Cannot read '${shown}': ${reasonOf(error)}`,
    'Mend the file or move it away',
  );
}
