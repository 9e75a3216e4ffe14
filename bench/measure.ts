import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

// Every start of Node reads and parses all certificates of that file before anything else: 60 ms and more, on a host that
// happens to name one. Hosts of users do not, and it would hide what is ours.
delete process.env.NODE_EXTRA_CA_CERTS;

/** Figures of one thing that was measured several times, in ms. */
export interface Figures {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: readonly number[];
}

/** One contestant of an interleaved comparison. */
export interface Contestant {
  readonly name: string;
  /** Brings everything back to where the measured part starts; not measured. */
  readonly before?: () => Promise<void>;
  /** Does the measured part; a number that it returns counts instead of its duration, in ms. */
  readonly run: () => Promise<number | undefined>;
}

/** Runs every contestant in turn, `rounds` times, so that a noisy minute hits all of them alike. */
export async function compare(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<ReadonlyMap<string, Figures>> {
  const times = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, before, run } of contestants) {
      await before?.();
      const start = performance.now();
      const own = await run();
      const took = own ?? performance.now() - start;
      times.get(name)?.push(took);
      process.stderr.write(`  ${name}: ${took.toFixed(0)} ms\n`);
    }
  }
  return new Map([...times].map(([name, runs]) => [name, figuresOf(runs)]));
}

/** Median and spread. */
export function figuresOf(runs: readonly number[]): Figures {
  const sorted = runs.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1), runs };
}

/** Runs a command to its end and returns how long that took, in ms. @throws where it does not exit with an allowed code */
export function timed(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  allowed: readonly number[] = [0],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', chunk => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('exit', code => {
      const took = performance.now() - start;
      if (code !== null && allowed.includes(code)) resolve(took);
      else reject(new Error(`${file} ${args.join(' ')} ended with ${code}: ${errors.slice(-2000)}`));
    });
  });
}
