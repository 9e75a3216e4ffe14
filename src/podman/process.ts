import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

type Env = Readonly<Record<string, string | undefined>>;

/** A process that outlives us. */
export interface Detached {
  /** Its pid, once it runs; rejects where the program cannot be started. */
  readonly started: Promise<number>;
  hasExited(): boolean;
}

/** Starts a process in a group and session of its own, its output going to an open file. */
export function spawnDetached(file: string, args: readonly string[], env: Env, out: number): Detached {
  const child = spawn(file, args, { env: { ...env }, detached: true, stdio: ['ignore', out, out], cwd: '/' });
  child.unref();
  const started = new Promise<number>((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid ?? 0));
    child.once('error', reject);
  });
  return { started, hasExited: () => child.exitCode !== null || child.signalCode !== null };
}

/** The first number of a program's version; 0 where it cannot be found out. */
export function programVersion(file: string, env: Env): Promise<number> {
  return new Promise(resolve => {
    execFile(file, ['--version'], { env: { ...env }, timeout: 10_000 }, (_error, stdout) => {
      resolve(Number(/(\d+)\.\d+/.exec(stdout)?.[1] ?? 0));
    });
  });
}

/** Whether a pid is the service on that socket. */
export async function runsService(pid: number, socket: string): Promise<boolean> {
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  return command.includes('service') && command.includes(`unix://${socket}`);
}

/** Longer than Podman's service takes to close its streams after SIGTERM (2 s), in ms. */
const endTimeoutMs = 8_000;

/** Ends a process and waits for it; SIGKILL where SIGTERM does not end it. */
export async function endProcess(pid: number): Promise<void> {
  if (!signalled(pid, 'SIGTERM')) return;
  const end = performance.now() + endTimeoutMs;
  while (performance.now() < end) {
    if (!signalled(pid, 0)) return;
    await sleep(20);
  }
  signalled(pid, 'SIGKILL');
}

function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
