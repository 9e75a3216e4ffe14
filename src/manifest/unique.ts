import { quote } from './formats.ts';
import type { Report } from './report.ts';

/** A value that may occur once, and where it stands. Undefined values are passed over. */
export interface Once {
  readonly at: string;
  readonly value: string | undefined;
}

/** Reports each second use of a value that may occur only once. */
export function checkUnique(uses: readonly Once[], what: string, report: Report): void {
  const seen = new Set<string>();
  for (const { at, value } of uses) {
    if (value === undefined) continue;
    if (seen.has(value)) {
      report(at, {
        code: 'DUPLICATE_NAME',
        found: `${what} ${quote(value)} is taken already`,
        hint: 'Give each its own',
      });
    }
    seen.add(value);
  }
}
