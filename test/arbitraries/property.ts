import { randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';

/** How often each property runs, against what it asks for: `npm run test:long` sets it to more. */
const scale = positive('TEST_SCALE') ?? 1;
/** Both as fast-check prints them on a failure. */
const seed = positive('TEST_SEED');
const path = process.env.TEST_PATH;

/**
 * A property as a test. Its name is a sentence with the symbol.
 *
 * @param runs how many in `npm test`
 */
export function property<T>(name: string, runs: number, given: fc.IRawProperty<T>): void {
  test(name, t => holds(t, given, runs));
}

/**
 * Tries a property. Its runs and its seed stand in the report; on a failure also the smallest counterexample and the
 * path to it.
 */
export async function holds<T>(t: TestContext, given: fc.IRawProperty<T>, runs: number): Promise<void> {
  const opts = { numRuns: Math.ceil(runs * scale), seed: seed ?? randomInt(1, 2 ** 31 - 1) };
  const again = path === undefined ? {} : { path, endOnFailure: true };
  await fc.assert(given, { ...opts, ...again, includeErrorInReport: true });
  t.diagnostic(`${opts.numRuns} runs, seed ${opts.seed}`);
}

/**
 * Tries a property in the middle of a test, with the seed of this run where it has one: a run in CI has the stories of the
 * run before. Failures tell seed and path.
 */
export function check(given: fc.IProperty<unknown>, opts?: Runs): void;
export function check(given: fc.IAsyncProperty<unknown>, opts?: Runs): Promise<void>;
export function check(given: fc.IRawProperty<unknown>, { numRuns = 100 }: Runs = {}): unknown {
  return fc.assert(given, { numRuns: Math.ceil(numRuns * scale), ...(seed !== undefined && { seed }) });
}

/** How often; 100 times where it is not said. */
interface Runs {
  readonly numRuns?: number;
}

function positive(name: string): number | undefined {
  const value = Number(process.env[name] ?? '');
  return value > 0 ? value : undefined;
}
