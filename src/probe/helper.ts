import { type ChildProcess, spawn } from 'node:child_process';
import type { NetworkDial } from './dial.ts';
import type { ProbeResult } from './fold.ts';
import { eachLine } from './lines.ts';

/** How the helper is started, and in what environment. No shell reads it. */
export interface HelperCommand {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Dials from another network namespace, by a process of ours inside it. */
export interface Helper {
  /** Never rejects; without a helper nothing could be tried. */
  dial(dial: NetworkDial): Promise<ProbeResult>;
  end(): void;
}

/** One that failed to start, or ended, is tried again after this, in milliseconds. */
const againMs = 5_000;
/** Beyond the handler's own time, in milliseconds. */
const slackMs = 5_000;

/**
 * Starts nothing yet: the process is started by the first dial, and ends with ours.
 *
 * @param onStarted hears the pid of each process
 */
export function openHelper(
  command: HelperCommand,
  now: () => number,
  onStarted: (pid: number) => void = () => {},
): Helper {
  const waiting = new Map<number, (result: ProbeResult) => void>();
  let child: ChildProcess | undefined;
  let failedMs = Number.NEGATIVE_INFINITY;
  let why = 'it has not started';
  let lastId = 0;
  let outgoing = '';

  const lost = (reason: string): void => {
    child = undefined;
    failedMs = now();
    why = reason;
    for (const resolve of waiting.values()) resolve(unknown(reason));
    waiting.clear();
  };
  const start = (): ChildProcess => {
    const [file, ...args] = command.argv;
    const started = spawn(file, args, { env: command.env, stdio: ['pipe', 'pipe', 'pipe'] });
    if (started.pid !== undefined) onStarted(started.pid);
    let said = '';
    started.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-500);
    });
    started.on('error', error => lost(error.message));
    started.on('close', () => {
      if (child === started) lost(said.trim().split('\n').at(-1) || 'it ended');
    });
    // Its end is told by `close`.
    started.stdin.on('error', () => undefined);
    eachLine(started.stdout, line => {
      const { id, ok, message } = JSON.parse(line) as ProbeResult & { readonly id: number };
      waiting.get(id)?.({ ok, message });
      waiting.delete(id);
    });
    return started;
  };
  /** Requests of one turn go out together. */
  const send = (line: string): void => {
    if (outgoing === '') {
      setImmediate(() => {
        child?.stdin?.write(outgoing);
        outgoing = '';
      });
    }
    outgoing += `${line}\n`;
  };
  return {
    dial: dial => {
      if (child === undefined && now() < failedMs + againMs) return Promise.resolve(unknown(why));
      child ??= start();
      lastId += 1;
      const id = lastId;
      return new Promise(resolve => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          resolve(unknown('it does not answer'));
        }, dial.timeoutMs + slackMs).unref();
        waiting.set(id, result => {
          clearTimeout(timer);
          resolve(result);
        });
        send(JSON.stringify({ id, ...dial }));
      });
    },
    end: () => {
      const ending = child;
      child = undefined;
      ending?.stdin?.end();
    },
  };
}

function unknown(why: string): ProbeResult {
  return { ok: undefined, message: `cannot look from inside the pods' network: ${why}` };
}
