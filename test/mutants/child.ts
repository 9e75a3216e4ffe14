import { type ChildProcess, fork } from 'node:child_process';
import type { Order, Report } from './serve.ts';

/** A process that keeps the tests of one bundle. */
export interface Child {
  /** Carries out an order. @returns `hung` after the limit, in milliseconds, `died` where the process ended; neither can be used again */
  run(order: Order, limitMs: number): Promise<Report | 'hung' | 'died'>;
  /** Ends the process. */
  close(): void;
}

/** Longest time to read the modules, in milliseconds. */
const loadMs = 60_000;

/** Starts the program of a bundle. @param env added to the environment */
export function openChild(program: string, env: Readonly<Record<string, string>> = {}): Child {
  const child = fork(program, [], {
    // A fault that collects without end must not take the machine with it.
    execArgv: ['--max-old-space-size=768'],
    env: { ...process.env, ...env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ready = answerOf(child, loadMs);
  return {
    close: () => void child.kill('SIGKILL'),
    run: async (order, limitMs) => {
      const began = await ready;
      if (began === 'hung' || began === 'died') return began;
      child.send(order);
      return (await answerOf(child, limitMs)) as Report | 'hung' | 'died';
    },
  };
}

function answerOf(child: ChildProcess, limitMs: number): Promise<unknown> {
  return new Promise(resolve => {
    const end = (answer: unknown): void => {
      clearTimeout(timer);
      child.off('message', end);
      child.off('exit', died);
      resolve(answer);
    };
    const died = (): void => end('died');
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      end('hung');
    }, limitMs);
    child.on('message', end);
    child.on('exit', died);
  });
}
