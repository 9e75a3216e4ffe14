import { Agent, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../engine/engine.ts';
import { firstDocument } from './json.ts';
import { jsonLines } from './lines.ts';
import { type Query, queryString } from './query.ts';
import { reasonOf, refusal } from './status.ts';

/** Every 4.3 and 5.x serves this prefix alike; it also pins the shape of container inspect to the one of 4. */
export const apiPrefix = '/v4.0.0/libpod';
/** Docker's own API, in the version that 4.3 speaks; Docker's own daemon has dropped that by now. */
const prefixes = { libpod: apiPrefix, docker: '/v1.41', daemon: '' } as const;

/** One call of the engine's API. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Libpod's where undefined; `daemon` is Docker's in whatever version it speaks. */
  readonly api?: 'docker' | 'daemon';
  /** Below the prefix, made by `path`. */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly upload?: { readonly type: string; readonly content: AsyncIterable<Uint8Array> };
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses besides 2xx that are answers, not failures. */
  readonly accept?: readonly number[];
  /** Doing it twice is as good as once: it is sent again when a kept-alive connection turns out closed. GET always is. */
  readonly idempotent?: boolean;
  /** For the whole reply, in milliseconds; streams have none. */
  readonly timeoutMs?: number;
  /** Of a stream: how long nothing may come, in milliseconds; for ever where undefined. */
  readonly silenceMs?: number;
  /** The action for messages: "Cannot create pod 'web'". */
  readonly what: string;
  readonly signal: AbortSignal;
}

/** What came back: a status, the headers, the first JSON document of the body. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
}

/** HTTP to one engine over its unix socket. */
export interface Http {
  readonly socket: string;
  /** @throws EngineError */
  call(call: Call): Promise<Reply>;
  /** The bytes of a reply as they come. @throws EngineError */
  bytes(call: Call): AsyncIterable<Uint8Array>;
  /** The documents of a newline-separated stream as they come. @throws EngineError */
  documents(call: Call): AsyncIterable<unknown>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 60_000;
/** Below the 5 s after which a socket-activated service ends and closes its connections. */
const keepAliveMs = 4_000;

/** Opens nothing yet: connections are made as calls need them. */
export function openHttp(socket: string): Http {
  // The agent's timeout closes connections that idle; a request under way has that of its call.
  const agent = new Agent({ keepAlive: true, timeout: keepAliveMs });
  const link: Link = { socket, agent };

  async function call(call: Call): Promise<Reply> {
    const scope = callScope(call, call.timeoutMs ?? defaultTimeoutMs);
    try {
      const response = await send(link, call, scope.signal);
      const body = await textOf(response);
      const { statusCode: status = 0, headers } = response;
      if (!answered(call, status)) throw refusal(call.what, status, reasonOf(body));
      return { status, headers, body: firstDocument(body) };
    } catch (error) {
      throw failure(error, call, socket, scope.timedOut());
    } finally {
      scope.end();
    }
  }

  async function* bytes(call: Call): AsyncGenerator<Uint8Array, void> {
    const scope = callScope(call, call.silenceMs);
    try {
      const response = await send(link, call, scope.signal);
      const { statusCode: status = 0 } = response;
      if (!answered(call, status)) throw refusal(call.what, status, reasonOf(await textOf(response)));
      for await (const chunk of response) {
        scope.extend();
        yield chunk;
      }
    } catch (error) {
      throw failure(error, call, socket, scope.timedOut());
    } finally {
      scope.end();
    }
  }

  return { socket, call, bytes, documents: call => jsonLines(bytes(call)), close: async () => agent.destroy() };
}

interface Link {
  readonly socket: string;
  readonly agent: Agent;
}

async function send(link: Link, call: Call, signal: AbortSignal): Promise<IncomingMessage> {
  call.signal.throwIfAborted();
  try {
    return await sendOnce(link, call, signal);
  } catch (error) {
    const again = (call.method === 'GET' || call.idempotent === true) && call.upload === undefined;
    if (!again || !closedWhileIdle(error) || signal.aborted) throw error;
    return await sendOnce(link, call, signal);
  }
}

/** Resolves with the head of the reply; its body is still to come. */
function sendOnce({ socket, agent }: Link, call: Call, signal: AbortSignal): Promise<IncomingMessage> {
  const path = prefixes[call.api ?? 'libpod'] + call.path + queryString(call.query ?? {});
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  return new Promise((resolve, reject) => {
    // Without a servername Node compiles its patterns of addresses for the name it would offer to TLS: 5 ms.
    const options = {
      socketPath: socket,
      servername: '',
      agent,
      method: call.method,
      path,
      headers: headersOf(call),
      signal,
    };
    const sent = request(options, resolve);
    sent.on('error', reject);
    if (call.upload === undefined) sent.end(body);
    // The reply to an upload may come before its end, and may be why it breaks off: that failure is the reply's.
    else pipeline(Readable.from(call.upload.content, { objectMode: false }), sent).catch(reject);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf(call: Call): Record<string, string> {
  // Without a JSON type Podman may take the body for a form and eat it.
  const type = call.upload?.type ?? (call.body === undefined ? undefined : 'application/json');
  return { ...(type === undefined ? {} : { 'content-type': type }), ...call.headers };
}

function answered(call: Call, status: number): boolean {
  return (status >= 200 && status < 300) || (call.accept?.includes(status) ?? false);
}

/** A service that idled out closes connections that the pool still holds. */
function closedWhileIdle(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function failure(error: unknown, call: Call, socket: string, timedOut: boolean): unknown {
  if (call.signal.aborted) return call.signal.reason;
  if (error instanceof EngineError) return error;
  if (timedOut) {
    const { what, silenceMs, timeoutMs = defaultTimeoutMs } = call;
    const [message, hint] =
      silenceMs === undefined
        ? [`the engine did not answer within ${timeoutMs / 1000} s`, 'See what it waits for with "podman ps -a"']
        : [`nothing came for ${silenceMs / 1000} s`, 'See that the registry answers from this host'];
    return new EngineError('TIMEOUT', `${what}: ${message}`, { transient: true, hint, cause: error });
  }
  return unreachable(call.what, socket, error);
}

/** Nothing answers at the socket, or the connection broke. */
export function unreachable(what: string, socket: string, error: unknown): EngineError {
  const reason = error instanceof Error ? error.message || codeOf(error) : String(error);
  const denied = codeOf(error) === 'EACCES';
  const hint = denied
    ? 'Run as the user whose engine it is, or as root'
    : 'Start it with "systemctl start podman.socket"';
  return new EngineError('ENGINE_UNREACHABLE', `${what}: no engine answers at "${socket}": ${reason}`, {
    hint,
    transient: !denied,
    cause: error,
  });
}

interface Scope {
  readonly signal: AbortSignal;
  timedOut(): boolean;
  /** Begins the time anew. */
  extend(): void;
  end(): void;
}

/** A signal for one call. Not AbortSignal.any, which in Node 20 keeps every signal it made as long as its source. */
function callScope({ signal: outer, upload }: Call, timeoutMs: number | undefined): Scope {
  const controller = new AbortController();
  let timedOut = false;
  const abort = (): void => controller.abort(outer.reason);
  const expire = (): void => {
    timedOut = true;
    controller.abort(new Error('timed out'));
  };
  let timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  outer.addEventListener('abort', abort, { once: true });
  const extend = (): void => {
    clearTimeout(timer);
    timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  };
  const end = (): void => {
    clearTimeout(timer);
    outer.removeEventListener('abort', abort);
    // Its reply may be complete while an upload goes on; a reply that was read to its end has nothing left to abort.
    if (upload !== undefined) controller.abort(new Error('ended'));
  };
  return { signal: controller.signal, timedOut: () => timedOut, extend, end };
}
