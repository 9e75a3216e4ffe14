import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { EngineError, type Signalled } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { type Output, readFrames } from './frames.ts';
import { apiPrefix, unreachable } from './http.ts';
import { number, record, text } from './json.ts';
import { path } from './query.ts';
import { reasonOf, refusal } from './status.ts';

/** A command to run in a container that runs. */
export interface ExecOptions extends Signalled {
  readonly command: readonly string[];
  /** With a terminal, everything comes as stdout. */
  readonly tty?: boolean;
  /** What the command reads; its end is the end of file. Nothing where undefined. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly onOutput: (output: Output) => void;
  /** Called once it runs, with a way to tell it the terminal's size in characters. */
  readonly onStarted?: (resize: (columns: number, rows: number) => Promise<void>) => void;
  readonly user?: string | undefined;
  readonly workingDir?: string | undefined;
}

/**
 * Runs a command in a container and waits for its end. The engine does not end it with the connection: an aborted call
 * leaves it running.
 *
 * @returns its exit code; 126 or 127 where it could not be started
 * @throws EngineError `GONE`, `REFUSED` where the container does not run
 */
export async function exec(context: Context, container: string, opts: ExecOptions): Promise<number> {
  const { signal } = opts;
  const what = `Cannot run a command in container "${container}"`;
  const id = await createSession(context, container, opts, what);
  const socket = await hijack(
    context,
    path`/exec/${id}/start`,
    { Detach: false, Tty: opts.tty === true },
    what,
    signal,
  );
  const abort = (): void => void socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const resize = async (w: number, h: number): Promise<void> => {
      // Only a view: a command that has just ended has no size to change.
      const call = {
        method: 'POST',
        path: path`/exec/${id}/resize`,
        query: { w, h },
        accept: [404, 409, 500],
        what,
        signal,
      } as const;
      await context.http.call(call);
    };
    opts.onStarted?.(resize);
    const sending = send(socket, opts.stdin);
    const output = opts.tty === true ? raw(socket) : readFrames(socket);
    for await (const piece of output) opts.onOutput(piece);
    signal.throwIfAborted();
    void sending.catch(() => undefined);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw unreachable(what, context.http.socket, error);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
  const { body } = await context.http.call({ method: 'GET', path: path`/exec/${id}/json`, what, signal });
  return number(record(body).ExitCode);
}

/** Prepares a command, which then has an id; nothing runs yet. @throws EngineError `GONE`, `REFUSED` where the container does not run */
export async function createSession(
  context: Context,
  container: string,
  opts: Pick<ExecOptions, 'command' | 'tty' | 'stdin' | 'user' | 'workingDir' | 'signal'>,
  what: string,
): Promise<string> {
  const body = {
    Cmd: opts.command,
    AttachStdin: opts.stdin !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    Tty: opts.tty === true,
    ...(opts.user === undefined ? {} : { User: opts.user }),
    ...(opts.workingDir === undefined ? {} : { WorkingDir: opts.workingDir }),
  };
  const call = { method: 'POST', path: path`/containers/${container}/exec`, body, what, signal: opts.signal } as const;
  const reply = await context.http.call(call).catch((error: unknown) => {
    // 500 in 4.3, 409 in 5: "can only create exec sessions on running containers".
    const cause = error instanceof EngineError ? text(record(error.cause).message) : '';
    if (!/running containers|improper/.test(cause)) throw error;
    throw new EngineError('REFUSED', `${what}: it does not run`, { hint: 'Start it first', cause: error });
  });
  return text(record(reply.body).Id);
}

/** How long the engine may take to give a connection over, in milliseconds. */
const upgradeMs = 60_000;

/** Takes over the connection of a call. undici's upgrade gives no body where the engine refuses; node:http does. */
export function hijack(
  context: Context,
  target: string,
  body: unknown,
  what: string,
  signal: AbortSignal,
): Promise<Duplex> {
  // Of this call alone: a request that was upgraded never takes its listener off the signal that it was given.
  const scope = new AbortController();
  const abort = (): void => scope.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const timer = setTimeout(() => scope.abort(new Error('the engine did not take the connection')), upgradeMs);
  return new Promise<Duplex>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', connection: 'Upgrade', upgrade: 'tcp' };
    const own = { method: 'POST', headers, signal: scope.signal };
    const options = { socketPath: context.http.socket, path: apiPrefix + target, ...own };
    const outgoing = request(options);
    outgoing.on('upgrade', (_response, socket, first) => {
      if (first.length > 0) socket.unshift(first);
      resolve(socket);
    });
    outgoing.on('response', response => {
      bodyOf(response).then(text => reject(refusal(what, response.statusCode ?? 500, reasonOf(text))), reject);
    });
    outgoing.on('error', error =>
      reject(signal.aborted ? signal.reason : unreachable(what, context.http.socket, error)),
    );
    outgoing.end(JSON.stringify(body));
  }).finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function send(socket: Duplex, stdin: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (stdin === undefined) return;
  for await (const chunk of stdin) {
    if (!socket.write(chunk)) await new Promise(resolve => socket.once('drain', resolve));
  }
  socket.end();
}

async function* raw(socket: Duplex): AsyncGenerator<Output, void> {
  for await (const data of socket) yield { stream: 'stdout', data };
}
