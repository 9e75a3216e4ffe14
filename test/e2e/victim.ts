import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commandLimitMs } from './host.ts';
import { eventually, type Host, program } from './podstead.ts';

const killer = pathToFileURL(resolve(import.meta.dirname, '../crash/killer.mjs')).href;

/** Where it happens, by the number of the effect from 1 on: before it is begun, amid it, or after it was done and before that is heard. */
export interface Cut {
  readonly at: number;
  readonly when: 'before' | 'amid' | 'after';
  /** The program, or the engine's service; then only calls of the engine count. */
  readonly victim: 'program' | 'service';
}

/** How a command ended. */
export interface Ended {
  /** Each effect that was begun, in order: `POST /pods/create`, `rename Pod_default_web.json`. */
  readonly effects: readonly string[];
  readonly killed: boolean;
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command of the program that changes things, and kills at one of its effects. A service killed is started again. */
export async function runCut(on: Host, command: readonly string[], cut?: Cut): Promise<Ended> {
  const log = join(on.runtime, 'effects');
  await rm(log, { force: true });
  const env = {
    ...process.env,
    ...on.env,
    NODE_OPTIONS: `--import ${killer}`,
    CRASH_LOG: log,
    ...(cut && { CRASH_AT: String(cut.at), CRASH_WHEN: cut.when }),
    ...(cut?.victim === 'service' && { CRASH_SERVICE: String(on.engine.pid()) }),
  };
  const child = spawn('node', [program, ...command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const pipe of [child.stdout, child.stderr])
    pipe.on('data', chunk => {
      output += chunk;
    });
  const timer = setTimeout(() => child.kill('SIGKILL'), commandLimitMs);
  const ended = new Promise<void>(done => child.once('close', () => done())).finally(() => clearTimeout(timer));
  const lines = async (): Promise<readonly string[]> =>
    (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(line => line !== '');
  const isKilled = async (): Promise<boolean> => (await lines()).includes('killed');
  if (cut?.victim === 'service') {
    await eventually(
      'the service was killed, or the run has ended',
      async () => child.exitCode !== null || (await isKilled()),
      is => is,
    );
    if (await isKilled()) {
      await on.engine.stopService();
      await on.engine.startService();
    }
  }
  await ended;
  const effects = (await lines()).filter(line => line !== 'killed').map(line => line.replace(/^\d+ /, ''));
  return { effects, killed: await isKilled(), code: child.exitCode, output };
}
