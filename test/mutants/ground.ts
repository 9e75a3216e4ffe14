import { openChild } from './child.ts';
import type { Measure } from './serve.ts';
import type { Bundle } from './suites.ts';
import { inTurns } from './turns.ts';

/** A test file that passes without a fault, with what that takes. */
export interface Suite extends Bundle {
  readonly tests: readonly Measure[];
  readonly tookMs: number;
  /** Ids of machine-made faults whose places are passed while the modules are read. */
  readonly early: ReadonlySet<string>;
}

/** What found a fault. */
export interface Kill {
  readonly suite: string;
  /** The first failing test's name, or what became of the process. */
  readonly test: string;
}

/** What the unchanged tree's tests do. */
export interface Ground {
  /** Quickest first. */
  readonly suites: readonly Suite[];
  /** Test files that fail as they are: they can tell nothing of a fault. */
  readonly broken: readonly Kill[];
}

/** Longest that a test file may take without a fault, in milliseconds. */
const mostMs = 300_000;

/** Runs every bundled test file without a fault: twice, as it has to pass again and again in one process. */
export async function measure(bundles: readonly Bundle[], width: number): Promise<Ground> {
  const tried = await inTurns(bundles, width, async bundle => {
    const child = openChild(bundle.program);
    try {
      for (let round = 1; ; round += 1) {
        const report = await child.run({}, mostMs);
        if (typeof report === 'string') return { suite: bundle.suite, test: `(${report})` };
        if (report.failed !== undefined) return { suite: bundle.suite, test: `${report.failed} (round ${round})` };
        const tookMs = report.tests.reduce((sum, test) => sum + test.tookMs, 0);
        if (round === 2) return { ...bundle, tests: report.tests, tookMs, early: new Set(report.early) };
      }
    } finally {
      child.close();
    }
  });
  const suites = tried.flatMap(one => ('program' in one ? [one] : []));
  return {
    suites: suites.sort((a, b) => a.tookMs - b.tookMs),
    broken: tried.flatMap(one => ('program' in one ? [] : [one])),
  };
}

/** How long tests may take with a fault in them, in milliseconds: what takes longer does not end. */
export function limitMs(undisturbedMs: number): number {
  return undisturbedMs * 20 + 10_000;
}
