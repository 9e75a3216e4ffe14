import { type Child, openChild } from './child.ts';
import { type Ground, type Kill, limitMs, type Suite } from './ground.ts';

/** Looks for tests that find machine-made faults; keeps its processes from fault to fault. */
export interface Search {
  /** The first test that fails with the fault switched on; undefined where none does. */
  killOf(id: string): Promise<Kill | undefined>;
  /** Ends its processes. */
  close(): void;
}

/** A loop may pass a fault's place so many times more often than without the fault before it counts as endless. */
const hitFactor = 100;
/** Tests that a fault broke off may leave work behind: after so many orders a process is replaced. */
const mostOrders = 200;

interface Kept {
  readonly child: Child;
  orders: number;
}

/** Opens a search; it does one thing at a time. */
export function openSearch({ suites }: Ground): Search {
  const kept = new Map<Suite, Kept>();
  const drop = (suite: Suite): void => {
    kept.get(suite)?.child.close();
    kept.delete(suite);
  };
  const childOf = (suite: Suite): Child => {
    const old = kept.get(suite);
    if (old !== undefined && old.orders >= mostOrders) drop(suite);
    const now = kept.get(suite) ?? { child: openChild(suite.program), orders: 0 };
    now.orders += 1;
    kept.set(suite, now);
    return now.child;
  };

  const ask = async (suite: Suite, id: string, again: boolean): Promise<Kill | undefined> => {
    const isEarly = suite.early.has(id);
    const numbers = [...suite.tests.keys()].filter(at => isEarly || suite.tests[at]?.hits[id] !== undefined);
    if (numbers.length === 0) return undefined;
    const hitLimits = Object.fromEntries(
      numbers.map(at => [at, (suite.tests[at]?.hits[id] ?? Number.POSITIVE_INFINITY) * hitFactor + 1000]),
    );
    const undisturbedMs = numbers.reduce((sum, at) => sum + (suite.tests[at]?.tookMs ?? 0), 0);
    // What is read once needs its fault from the beginning.
    const child = isEarly ? openChild(suite.program, { __STRYKER_ACTIVE_MUTANT__: id }) : childOf(suite);
    const report = await child.run({ tests: numbers, fault: id, hitLimits }, limitMs(undisturbedMs));
    if (isEarly) child.close();
    if (typeof report === 'string') {
      drop(suite);
      return { suite: suite.suite, test: report === 'hung' ? '(does not end)' : '(the process ends)' };
    }
    if (report.failed === undefined) return undefined;
    if (report.polluted && !isEarly) {
      drop(suite);
      if (!again) return ask(suite, id, true);
    }
    return { suite: suite.suite, test: report.failed };
  };

  return {
    killOf: async id => {
      for (const suite of suites) {
        const kill = await ask(suite, id, false);
        if (kill !== undefined) return kill;
      }
      return undefined;
    },
    close: () => {
      for (const suite of [...kept.keys()]) drop(suite);
    },
  };
}
