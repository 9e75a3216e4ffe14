// The end of each bundle: runs its tests when the parent says so.
import { names, run } from './registry.ts';

/** What the parent asks for. */
export interface Order {
  /** Numbers of the tests to run, all where undefined. */
  readonly tests?: readonly number[] | undefined;
  /** The machine-made fault to switch on. */
  readonly fault?: string | undefined;
  /** How often a test may pass the fault's place before it counts as endless, by its number. */
  readonly hitLimits?: Readonly<Record<number, number>> | undefined;
}

/** What became of the tests. */
export interface Report {
  /** The first test that failed. */
  readonly failed: string | undefined;
  /** It fails without the fault too, by now: what ran before has left something behind. */
  readonly polluted: boolean;
  readonly tests: readonly Measure[];
  /** Ids of machine-made faults whose places are passed while the modules are read. */
  readonly early: readonly string[];
}

/** One test, undisturbed. */
export interface Measure {
  readonly name: string;
  readonly tookMs: number;
  /** How often the place of each machine-made fault was passed, by its id. */
  readonly hits: Readonly<Record<string, number>>;
}

type Hits = Record<string, number>;

/** StrykerJS's switch, as its instrumented code reads it. */
interface Switch {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: { static: Hits; perTest: Record<string, Hits> };
}

const board = globalThis as { __stryker__?: Switch };

/** Answers orders until the parent goes away. */
export function serve(): void {
  process.on('disconnect', () => process.exit());
  // What a fault leaves behind must not end the process; a test that runs meanwhile fails by it.
  process.on('uncaughtException', () => undefined);
  process.on('unhandledRejection', () => undefined);
  process.on('message', (order: Order) => {
    void obey(order).then(report => process.send?.(report));
  });
  process.send?.('ready');
}

async function obey({ tests, fault, hitLimits }: Order): Promise<Report> {
  board.__stryker__ ??= {};
  const control = board.__stryker__;
  const early = Object.keys(control.mutantCoverage?.static ?? {});
  if (control.mutantCoverage !== undefined) control.mutantCoverage.perTest = {};
  if (fault !== undefined) control.activeMutant = fault;
  const all = names();
  const begun: number[] = [];
  const failed = await run(tests ?? [...all.keys()], number => {
    begun[number] = performance.now();
    control.currentTestId = String(number);
    control.hitCount = 0;
    control.hitLimit = hitLimits?.[number] ?? Number.POSITIVE_INFINITY;
  });
  begun.push(performance.now());
  control.activeMutant = undefined;
  control.hitCount = undefined;
  const again = failed === undefined || fault === undefined ? undefined : await run([failed], () => undefined);
  const perTest = control.mutantCoverage?.perTest ?? {};
  const measures = all.map((name, at) => ({
    ...{ name, hits: perTest[at] ?? {} },
    tookMs: (begun[at + 1] ?? 0) - (begun[at] ?? 0),
  }));
  return {
    failed: failed === undefined ? undefined : all[failed],
    polluted: again !== undefined,
    tests: tests === undefined ? measures : [],
    early,
  };
}
