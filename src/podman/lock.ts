import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two tries to get a lock that another process has. */
const retryMs = 25;

/**
 * Runs a task while no other process on this host runs one under the same name. The lock is an abstract unix socket:
 * the kernel frees it however its holder ends (unix(7)).
 */
export async function withLock<T>(name: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  const address = `\0${createHash('sha256').update(name).digest('hex')}`;
  let lock = await tryListen(address);
  while (lock === undefined) {
    await sleep(retryMs, undefined, { signal });
    lock = await tryListen(address);
  }
  const held = lock;
  try {
    return await task();
  } finally {
    await new Promise(resolve => held.close(resolve));
  }
}

function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}
