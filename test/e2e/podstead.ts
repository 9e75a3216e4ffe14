import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type After,
  busyboxImage,
  ended,
  type PrivatePodman,
  privatePodman,
  type Ran,
  run as runCommand,
} from './host.ts';

/** The program as it is shipped. */
export const program: string = resolve(import.meta.dirname, '../../dist/podstead.cjs');

/** How long a test waits for something to come true before it fails, in ms: generous, and never slept out. */
const patienceMs = 60_000;

/** A private engine, a directory of manifests and a state directory, and the program to run on them. */
export interface Host {
  readonly engine: PrivatePodman;
  /** The manifests. */
  readonly source: string;
  readonly state: string;
  readonly runtime: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs one command of the program to its end. */
  podstead(...args: string[]): Promise<Ran>;
  /** Writes files below the manifests' directory. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Starts `podstead run` on the manifests and waits until it settled. */
  start(...args: string[]): Promise<Agent>;
  /** The same on another directory. */
  startOn(directory: string, ...args: string[]): Promise<Agent>;
  /** The engine's containers, pods' infra aside, by name. */
  containers(): Promise<ReadonlyMap<string, Listed>>;
}

/** One line of `podman ps`. */
export interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly StartedAt: number;
  readonly PodName: string;
  readonly Image: string;
  readonly ExitCode: number;
  readonly Labels: Readonly<Record<string, string>>;
  readonly IsInfra: boolean;
}

/** A running agent. */
export interface Agent {
  readonly pid: number;
  /** Everything it wrote so far. */
  output(): string;
  /** Waits for a line that matches, from the given place of the output on. */
  says(pattern: RegExp, from?: number): Promise<void>;
  /** Ends it in the ordinary way. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** What a suite's hosts hang their clean-up on: suites of Node 20 have no context of their own for it. */
export function cleanUps(): After {
  const all: (() => Promise<void>)[] = [];
  after(async () => {
    for (const cleanUp of all.reverse()) await cleanUp();
  });
  return { after: fn => void all.push(fn) };
}

/** Makes a host with the image `localhost/bb:1` (busybox) in its store. */
export async function host(t: After): Promise<Host> {
  const engine = await privatePodman(t);
  const dir = await mkdtemp(join(tmpdir(), 'pdh-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const [source, state, runtime] = [join(dir, 'manifests'), join(dir, 'state'), join(dir, 'run')];
  for (const each of [source, state, runtime]) await mkdir(each);
  await busyboxImage(engine.podman);
  const env = {
    ...engine.env,
    CONTAINER_HOST: engine.url,
    RUNTIME_DIRECTORY: runtime,
    STATE_DIRECTORY: state,
    NO_COLOR: '1',
  };
  const podstead = (...args: string[]): Promise<Ran> => runCommand('node', [program, ...args], env);
  return {
    engine,
    source,
    state,
    runtime,
    env,
    podstead,
    write: files => writeFiles(source, files),
    start: (...args) => startAgent(t, ['run', source, ...args], env),
    startOn: (directory, ...args) => startAgent(t, ['run', directory, ...args], env),
    containers: async () => listed(engine, false),
  };
}

/** Writes files below a directory, parents included. */
export async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
}

/** Waits until a condition holds, and says what was found where it never does. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T> | T,
  holds: (value: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const value = await probe();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}; found ${JSON.stringify(value)}`);
    await sleep(50);
  }
}

/** Pids of processes whose command line has the text, calls of the program aside; words are parted by a NUL. */
export async function runningWith(text: string): Promise<readonly number[]> {
  const all = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const lines = await Promise.all(
    all.map(async pid => [pid, await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')] as const),
  );
  return lines
    .filter(([, line]) => line.includes(text) && !line.includes(basename(program)))
    .map(([pid]) => Number(pid))
    .sort((one, other) => one - other);
}

/** Containers by name; infra containers by the name of their pod with `infra:` before it, where asked for. */
export async function listed(engine: PrivatePodman, infra: boolean): Promise<ReadonlyMap<string, Listed>> {
  // Without --pod, 4.3 leaves the pod's name empty.
  const { stdout } = await engine.podman('ps', '-a', '--pod', '--format', 'json');
  const all = JSON.parse(stdout || '[]') as readonly Listed[];
  const named = all
    .filter(each => infra || !each.IsInfra)
    .map(each => [each.IsInfra ? `infra:${each.PodName}` : (each.Names[0] ?? ''), each] as const);
  return new Map(named);
}

/** A process of the program that keeps running; of another build of it where `entry` names one. */
export async function startAgent(
  t: After,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  entry: string = program,
): Promise<Agent> {
  const child: ChildProcess = spawn('node', [entry, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  t.after(() => ended(child));
  return {
    pid: child.pid ?? 0,
    output: () => output,
    says: async (pattern, from = 0) => {
      await eventually(
        `the agent says ${pattern}:\n${output}`,
        () => output.slice(from),
        text => pattern.test(text),
      );
    },
    stop: async () => {
      await ended(child);
      return child.exitCode;
    },
    kill: async () => {
      const exit = new Promise<void>(done => child.once('exit', () => done()));
      child.kill('SIGKILL');
      await exit;
    },
  };
}
