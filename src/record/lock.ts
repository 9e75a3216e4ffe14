import { createHash } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';

/** Who holds a place. */
export interface Holder {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  /** What it keeps: a directory, or a list of paths. */
  readonly source: string;
}

export type Place =
  | { readonly held: true; release(): Promise<void> }
  /** `by` is undefined where the holder does not answer. */
  | { readonly held: false; readonly by: Holder | undefined };

/**
 * Takes a place that one process on the host can have: an abstract unix socket (unix(7)), which the kernel frees
 * when the process dies, however it dies. The name is shared by all users of a network namespace, so it should hold
 * the user's id where users must not meet. Whoever asks second is told who was first.
 */
export async function holdPlace(name: string, info: Holder): Promise<Place> {
  const address = `\0podstead/${shortened(name)}`;
  // The holder may end between our attempt and our question.
  for (let attempt = 0; attempt < 5; attempt++) {
    const server = await listen(address, info);
    if (server !== undefined) return { held: true, release: () => close(server) };
    const answer = await ask(address);
    if (answer !== 'nobody') return { held: false, by: answer };
  }
  return { held: false, by: undefined };
}

/** sun_path has 108 bytes, unix(7). */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= 80) return name;
  return createHash('sha256').update(name).digest('hex');
}

function listen(address: string, info: Holder): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => {
      socket.on('error', () => socket.destroy());
      socket.end(`${JSON.stringify(info)}\n`);
    });
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
  });
}

/** How long the holder may take to answer: it does so at once unless it is stopped. */
const answerMs = 1000;
const answerBytes = 64 * 1024;

function ask(address: string): Promise<Holder | undefined | 'nobody'> {
  return new Promise(resolve => {
    let text = '';
    const socket = connect(address);
    const end = (answer: Holder | undefined | 'nobody'): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('utf8').setTimeout(answerMs, () => end(undefined));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > answerBytes) end(undefined);
    });
    socket.on('end', () => end(holderOf(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' ? 'nobody' : undefined));
  });
}

function holderOf(text: string): Holder | undefined {
  try {
    const { pid, sinceMs, source } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== 'number' || typeof sinceMs !== 'number' || typeof source !== 'string') return undefined;
    return { pid, sinceMs, source };
  } catch {
    return undefined;
  }
}
