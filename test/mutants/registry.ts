// Stands in for node:test inside the bundles: one process keeps its tests and runs them again and again, fault by fault.

/** What a test's function is given; as much of node:test's as the tests use. */
export interface Context {
  after(fn: Hook): void;
  diagnostic(message: string): void;
  skip(): void;
}

type Hook = () => unknown;
type Body = (t: Context) => unknown;

interface Suite {
  readonly name: string;
  readonly parent: Suite | undefined;
  readonly hooks: { readonly [W in 'before' | 'after' | 'beforeEach' | 'afterEach']: Hook[] };
}

interface Case {
  readonly name: string;
  readonly suite: Suite;
  readonly body: Body;
}

const cases: Case[] = [];
const file = newSuite('', undefined);
const state = { suite: file };

/** Registers a test. */
export function test(name: string, ...rest: readonly unknown[]): void {
  const body = rest.find((part): part is Body => typeof part === 'function') ?? (() => undefined);
  cases.push({ name, suite: state.suite, body });
}

/** Registers a suite; its function runs at once. */
export function describe(name: string, ...rest: readonly unknown[]): void {
  const outer = state.suite;
  state.suite = newSuite(name, outer);
  rest.find((part): part is Hook => typeof part === 'function')?.();
  state.suite = outer;
}

export function before(fn: Hook): void {
  state.suite.hooks.before.push(fn);
}

export function after(fn: Hook): void {
  state.suite.hooks.after.push(fn);
}

export function beforeEach(fn: Hook): void {
  state.suite.hooks.beforeEach.push(fn);
}

export function afterEach(fn: Hook): void {
  state.suite.hooks.afterEach.push(fn);
}

/** Names of the tests, in the order of their numbers. */
export function names(): readonly string[] {
  return cases.map(({ name, suite }) => [...chainOf(suite).map(each => each.name), name].filter(Boolean).join(' '));
}

/**
 * Runs tests by their numbers, in order, to the first that fails.
 *
 * @param around told before each test, with its number
 * @returns the number of the test that failed
 */
export async function run(numbers: readonly number[], around: (number: number) => void): Promise<number | undefined> {
  let open: readonly Suite[] = [];
  try {
    for (const number of numbers) {
      const one = cases[number];
      if (one === undefined) throw new Error(`No test ${number}`);
      around(number);
      try {
        open = await change(open, chainOf(one.suite));
        await runCase(one);
      } catch {
        return number;
      }
    }
    return undefined;
  } finally {
    await change(open, []).catch(() => undefined);
  }
}

async function runCase({ suite, body }: Case): Promise<void> {
  const chain = chainOf(suite);
  const cleanUps: Hook[] = [];
  const context: Context = { after: fn => void cleanUps.push(fn), diagnostic: () => undefined, skip: () => undefined };
  const stray = strayError();
  try {
    for (const hook of chain.flatMap(({ hooks }) => hooks.beforeEach)) await hook();
    await Promise.race([body(context), stray.promise]);
  } finally {
    stray.stop();
    for (const hook of cleanUps) await hook();
    for (const hook of chain.toReversed().flatMap(({ hooks }) => hooks.afterEach)) await hook();
  }
}

/** Rejects with what nobody caught: a test of node:test fails by it too. */
function strayError(): { readonly promise: Promise<never>; readonly stop: () => void } {
  let fail: (error: unknown) => void = () => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  promise.catch(() => undefined);
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  const stop = (): void => {
    process.off('uncaughtException', fail);
    process.off('unhandledRejection', fail);
  };
  return { promise, stop };
}

/** Leaves the suites that the next test is not in, and enters those that it is. */
async function change(open: readonly Suite[], next: readonly Suite[]): Promise<readonly Suite[]> {
  for (const suite of open.toReversed().filter(each => !next.includes(each)))
    for (const hook of suite.hooks.after) await hook();
  for (const suite of next.filter(each => !open.includes(each))) for (const hook of suite.hooks.before) await hook();
  return next;
}

function chainOf(suite: Suite): readonly Suite[] {
  return suite.parent === undefined ? [suite] : [...chainOf(suite.parent), suite];
}

function newSuite(name: string, parent: Suite | undefined): Suite {
  return { name, parent, hooks: { before: [], after: [], beforeEach: [], afterEach: [] } };
}
