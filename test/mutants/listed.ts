import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openChild } from './child.ts';
import type { ListedFault } from './fault.ts';
import type { Kill } from './ground.ts';
import { type Bundle, bundle } from './suites.ts';

/** How a fault fared: who found it, or nobody. */
export interface Fate<F> {
  readonly fault: F;
  readonly kill: Kill | undefined;
}

/** Longest that one test file may take, with a fault or without, in milliseconds. */
const mostMs = 300_000;

/**
 * The file with the fault in it.
 *
 * @throws Error where the fault's text does not stand in its file exactly once
 */
export function plant(dir: string, { id, file, from, to }: ListedFault): string {
  const parts = readFileSync(join(dir, file), 'utf8').split(from);
  if (parts.length === 2) return parts.join(to);
  throw new Error(`Cannot plant '${id}': its text stands in ${file} ${parts.length - 1} times, expected once: ${from}`);
}

/** Plants listed faults, and knows of each test file that found one whether it passes without. */
export interface Bench {
  /** Plants one fault and runs the tests that its file is in, to the first that fails. */
  tryFault(fault: ListedFault): Promise<Fate<ListedFault>>;
  /** Test files that fail as they are. */
  broken(): Promise<readonly Kill[]>;
}

/** @param bundles the test files as they are */
export function openBench(dir: string, bundles: readonly Bundle[]): Bench {
  const plain = new Map<string, Promise<Kill | undefined>>();
  const faultless = (one: Bundle): Promise<Kill | undefined> => {
    const known = plain.get(one.suite) ?? killIn(one);
    plain.set(one.suite, known);
    return known;
  };
  return {
    tryFault: async fault => {
      const changed = new Map([[fault.file, plant(dir, fault)]]);
      for (const one of concerned(bundles, fault.file)) {
        const [made] = await bundle(dir, [one.suite], fault.id, changed);
        const kill = made && (await killIn(made));
        if (kill !== undefined && (await faultless(one)) === undefined) return { fault, kill };
      }
      return { fault, kill: undefined };
    },
    broken: async () => (await Promise.all(plain.values())).filter(kill => kill !== undefined),
  };
}

/** Test files that have the file in them; those of its own folder first, as they say most plainly what is wrong. */
function concerned(bundles: readonly Bundle[], file: string): readonly Bundle[] {
  const own = file.replace(/^src\/([^/]+)\/.*$/, 'test/$1/');
  const all = bundles.filter(({ sources }) => sources.has(file));
  return [true, false].flatMap(isNear => all.filter(({ suite }) => suite.startsWith(own) === isNear));
}

/** The first test that fails in a fresh process. */
async function killIn({ suite, program }: Bundle): Promise<Kill | undefined> {
  const child = openChild(program);
  const report = await child.run({}, mostMs);
  child.close();
  if (typeof report === 'string') return { suite, test: `(${report})` };
  return report.failed === undefined ? undefined : { suite, test: report.failed };
}
