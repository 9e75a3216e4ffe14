import { type IncomingMessage, request, Server, type ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** One call that passed through a proxy. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  /** By `performance.now()` of this process, when its head was read. */
  readonly atMs: number;
  /** When its answer was complete; undefined until then. */
  endMs: number | undefined;
}

/** Stands between an agent and the engine, and notes each call with its time. */
export interface Witness {
  readonly socket: string;
  /** The first call at or after a moment that fits; waits for it. @throws after `patienceMs` */
  first(since: number, fits: (call: Passed) => boolean, patienceMs?: number): Promise<Passed>;
  /** When a call's answer was complete. */
  answered(call: Passed): Promise<number>;
  /** Calls since a moment. */
  since(moment: number): readonly Passed[];
  close(): void;
}

/** Opens a proxy on a socket of its own. */
export async function openWitness(engine: string, socket: string): Promise<Witness> {
  const calls: Passed[] = [];
  const waiting = new Set<() => void>();
  const server = new Server((incoming, answer) => {
    const call: Passed = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      atMs: performance.now(),
      endMs: undefined,
    };
    calls.push(call);
    // Days of a soak must not fill the memory of what measures it.
    if (calls.length > 10_000) calls.splice(0, 5000);
    for (const wake of waiting) wake();
    answer.once('finish', () => {
      call.endMs = performance.now();
    });
    forward(engine, incoming, answer);
  });
  await new Promise<void>(done => server.listen(socket, done));
  const since = (moment: number): readonly Passed[] => calls.filter(call => call.atMs >= moment);
  return {
    socket,
    since,
    answered: async call => {
      while (call.endMs === undefined) await sleep(1);
      return call.endMs;
    },
    first: (moment, fits, patienceMs = 30_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = since(moment).find(fits);
          if (found === undefined) return;
          finish();
          resolve(found);
        };
        const finish = (): void => {
          clearTimeout(timer);
          waiting.delete(look);
        };
        const timer = setTimeout(() => {
          finish();
          reject(new Error(`No such call of the engine within ${patienceMs} ms`));
        }, patienceMs);
        waiting.add(look);
        look();
      }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function forward(socketPath: string, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, url: path, headers } = incoming;
  const onward = request({ socketPath, method, path, headers }, reply => {
    answer.writeHead(reply.statusCode ?? 500, reply.headers);
    answer.flushHeaders();
    reply.pipe(answer);
    reply.on('error', () => answer.destroy());
  });
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  incoming.pipe(onward);
}
