import type { Key } from '../model/key.ts';
import type { Location, Problem, ProblemCode } from '../model/problem.ts';
import { excerptAt, fieldName, locationAt, type Place, placeOf, type Text } from './place.ts';

/** What a problem says beyond where it is. */
export interface Finding {
  readonly code: ProblemCode;
  /** What was found and what was expected; `Cannot use FIELD: ` or the like is put before it. */
  readonly found: string;
  readonly hint?: string | undefined;
  readonly severity?: 'error' | 'warning';
}

/** Notes a finding at a JSON pointer. */
export type Report = (pointer: string, finding: Finding) => void;

/** What the problems of one object have in common. */
export interface Subject {
  readonly text: Text;
  readonly place: Place;
  readonly key: Key | undefined;
  /** The lines may hold a secret: no excerpts. */
  readonly secret: boolean;
}

/** A report that adds to `problems`. */
export function reporter(subject: Subject, problems: Problem[]): Report {
  return (pointer, finding) => {
    problems.push(
      problemAt(subject, locate(subject, pointer), {
        ...finding,
        message: `${doing(finding)} ${fieldName(pointer) || 'this object'}: ${finding.found}`,
        // Passwords stand in plain environment values, too.
        bare: /\/env\/\d+(\/|$)/.test(pointer),
      }),
    );
  };
}

/** Passes on only what is found elsewhere than at these pointers, so that nothing is said twice. */
export function except(pointers: ReadonlySet<string>, report: Report): Report {
  return (pointer, finding) => {
    if (!pointers.has(pointer)) report(pointer, finding);
  };
}

function doing({ code, severity }: Finding): string {
  if (severity !== 'warning') return 'Cannot use';
  return code.includes('UNSUPPORTED') ? 'Ignoring' : 'Check';
}

/** Where a pointer of the subject stands. */
export function locate({ text, place }: Pick<Subject, 'text' | 'place'>, pointer: string): Location {
  return locationAt(text, placeOf(place, pointer).offset);
}

/** A problem with the excerpt that fits its place, unless it must stay hidden. */
export function problemAt(
  { text, key, secret }: Pick<Subject, 'text' | 'key' | 'secret'>,
  location: Location,
  of: Omit<Finding, 'found'> & { readonly message: string; readonly bare?: boolean },
): Problem {
  const excerpt = secret || of.bare ? undefined : excerptAt(text, location.line);
  return {
    ...location,
    code: of.code,
    severity: of.severity ?? 'error',
    message: of.message,
    ...(of.hint === undefined ? {} : { hint: of.hint }),
    ...(key === undefined ? {} : { key }),
    ...(excerpt === undefined ? {} : { excerpt }),
  };
}
