import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ended } from '../test/e2e/host.ts';
import { type Arena, program } from './scenarios.ts';

/** `podstead run`, as its own process. */
export interface Agent {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the agent on a directory, as a service would: JSON log into a file. `socket` is the engine's, or a proxy's. */
export function startAgent(arena: Arena, source: string, socket: string): Agent {
  const path = join(arena.dir, 'agent.log');
  const log = openSync(path, 'a');
  const args = [program, 'run', source, '--engine', `unix://${socket}`];
  const child: ChildProcess = spawn('node', args, {
    env: { ...process.env, ...arena.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.once('exit', code => {
    if (code !== 0) process.stderr.write(readFileSync(path, 'utf8').slice(-4000));
  });
  return { pid: child.pid ?? 0, stop: () => ended(child) };
}

/** Waits until `count` containers run, infra containers aside. @throws after ten minutes */
export async function untilRunning({ bare }: Arena, count: number): Promise<void> {
  const query = `filters=${encodeURIComponent(JSON.stringify({ status: ['running'] }))}`;
  for (let tries = 0; tries < 1200; tries++) {
    const found = (await bare.call('GET', `/containers/json?${query}`)) as readonly { readonly IsInfra: boolean }[];
    if (found.filter(each => !each.IsInfra).length === count) return;
    await sleep(500);
  }
  throw new Error(`Waited in vain for ${count} running containers`);
}
