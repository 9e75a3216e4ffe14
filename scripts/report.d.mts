export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly runs: number;
}
export function totalsOf(text: string): Totals;
export function failuresOf(text: string): readonly string[];
