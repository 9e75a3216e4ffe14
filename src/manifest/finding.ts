import type { Report } from './report.ts';

/** Reports a wrong value, where there is anything to report. */
export function finding(at: string, found: string | undefined, hint: string, report: Report): void {
  if (found !== undefined) report(at, { code: 'FIELD_VALUE', found, hint });
}

/** Reports a field that cannot stand as the others are. */
export function conflict(at: string, found: string, hint: string, report: Report): void {
  report(at, { code: 'FIELD_CONFLICT', found, hint });
}

/** Reports a field that has to be there; `at` is its owner. */
export function missing(at: string, name: string, hint: string, report: Report): void {
  report(at, { code: 'FIELD_REQUIRED', found: `"${name}" is missing`, hint });
}

/** Reports what an API server accepts and no pod can run with, here or (mostly) anywhere. */
export function unusable(at: string, found: string | undefined, hint: string, report: Report): void {
  if (found !== undefined) report(at, { code: 'FIELD_UNSUPPORTED', found, hint });
}

/**
 * Checks that one of several fields is set; true when it is. `others` are the owner's further fields: what is neither is
 * unknown and reported as such, so that it may have been meant as one of `fields`.
 */
export function exactlyOne(
  owner: object,
  fields: readonly string[],
  others: readonly string[],
  at: string,
  report: Report,
): boolean {
  const keys = Object.keys(owner);
  const set = keys.filter(key => fields.includes(key));
  if (set.length === 1) return true;
  if (set.length > 1) {
    conflict(`${at}/${set[1]}`, `${names(set, ' and ')} cannot stand together`, 'Keep one of them', report);
  } else if (keys.every(key => others.includes(key))) {
    report(at, {
      code: 'FIELD_REQUIRED',
      found: `one of ${names(fields, ', ')} is missing`,
      hint: 'Add exactly one of them',
    });
  }
  return false;
}

function names(fields: readonly string[], between: string): string {
  return fields.map(field => `"${field}"`).join(between);
}
