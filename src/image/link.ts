import { setMaxListeners } from 'node:events';
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestTls, Agent as TlsAgent } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Certificates } from './certificates.ts';
import { proxyFor, withProxyCode } from './proxy.ts';

/** How registries are reached. */
export interface LinkOptions {
  /** False takes any certificate. */
  readonly verifyTls: boolean;
  /** Read once, before the first connection with TLS. */
  readonly certificates: () => Promise<Certificates>;
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY count, in either case. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** One request as it goes over the wire. */
export interface Wire {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: (() => AsyncIterable<Uint8Array>) | Uint8Array | undefined;
}

/** The head of what came back, and its body. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Whoever leaves it before its end closes the connection. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Connections to one registry, and to where it leads. They are kept for the next request. */
export interface Link {
  /** @throws whatever Node, OpenSSL or the request's own body threw */
  ask(wire: Wire): Promise<Reply>;
  /** Ends what is still under way. */
  close(): void;
}

const timeouts = {
  connectMs: 30_000,
  /** Registries that check a large blob before they answer take their time. */
  headMs: 120_000,
  /** How long a body may bring nothing. */
  silenceMs: 60_000,
};

/**
 * How much of a body may wait for its reader: what one read of a socket brings. With Node's own 16 KiB each copy takes a third
 * more of CPU time; above this, Node joins what waits by copying it.
 */
const bufferBytes = 64 * 1024;

type Agent = PlainAgent | TlsAgent;

/** Opens nothing yet. */
export function openLink(opts: LinkOptions): Link {
  // Each request listens to it, and many go at once.
  setMaxListeners(0, opts.signal);
  const agents = new Map<string, Promise<Agent>>();
  let context: Promise<SecureContext> | undefined;

  /** Made once: reading a host's list of authorities for every connection takes longer than the connection. */
  function secureContext(): Promise<SecureContext> {
    context ??= opts.certificates().then(({ ca, client }) => {
      // Left out, Node's own list is read; who takes any certificate needs none.
      const trusted = ca.length > 0 || !opts.verifyTls ? { ca: [...ca] } : {};
      return createSecureContext({ ...trusted, ...client });
    });
    return context;
  }

  function agentFor(url: URL): Promise<Agent> {
    const proxy = proxyFor(url, opts.env);
    const key = `${url.protocol} ${proxy?.href ?? ''}`;
    const known = agents.get(key) ?? makeAgent(url.protocol === 'https:', proxy);
    agents.set(key, known);
    return known;
  }

  async function makeAgent(isTls: boolean, proxy: URL | undefined): Promise<Agent> {
    const tls = {
      rejectUnauthorized: opts.verifyTls,
      ...((isTls || proxy) && { secureContext: await secureContext() }),
    };
    const common = { keepAlive: true, highWaterMark: bufferBytes, ...(isTls && tls) };
    if (proxy === undefined) return isTls ? new TlsAgent(common) : new PlainAgent(common);
    const { HttpProxyAgent, HttpsProxyAgent } = await import('hpagent');
    const through = { ...common, timeout: timeouts.connectMs, proxy: proxy.href, proxyRequestOptions: tls };
    return isTls ? new HttpsProxyAgent(through) : new HttpProxyAgent(through);
  }

  return {
    ask: async wire => exchange(wire, await agentFor(wire.url), opts.signal),
    close: () => {
      for (const agent of agents.values()) {
        agent.then(
          each => each.destroy(),
          () => undefined,
        );
      }
    },
  };
}

async function exchange({ method, url, headers, body }: Wire, agent: Agent, signal: AbortSignal): Promise<Reply> {
  const { protocol, hostname, port, pathname, search } = url;
  const request = (protocol === 'https:' ? requestTls : requestPlain)({
    agent,
    signal,
    method,
    headers,
    // By hand: Node would take a name and password out of an address that somebody else gave.
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    path: `${pathname}${search}`,
  });
  const guard = guardConnection(request);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    // Also what comes after the answer, which its body tells.
    request.on('error', reject);
    if (typeof body !== 'function') return void request.end(body);
    // Where the body fails, Node would say that the connection broke.
    const content = noted(body(), { note: guard.note, failed: reject });
    pipeline(content, request).catch(() => undefined);
  });
  try {
    const incoming = await answered;
    const content = contentOf(incoming, request, { guard, signal });
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, content };
  } catch (error) {
    guard.rest();
    throw withProxyCode(error);
  }
}

/** Passes a body on, and tells of each part and of its failure. */
async function* noted(
  content: AsyncIterable<Uint8Array>,
  { note, failed }: { readonly note: () => void; readonly failed: (error: unknown) => void },
): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of content) {
      note();
      yield chunk;
    }
  } catch (error) {
    failed(error);
    throw error;
  }
}

/** The body as it comes. Time counts only while it is waited for: who takes it may be slow. */
async function* contentOf(
  incoming: IncomingMessage,
  request: ClientRequest,
  { guard, signal }: { readonly guard: Guard; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void> {
  try {
    guard.wait(incoming, timeouts.silenceMs);
    for await (const chunk of incoming) {
      guard.rest();
      yield chunk;
      guard.wait(incoming, timeouts.silenceMs);
    }
  } catch (error) {
    // Of a body that was stopped Node says that its connection broke.
    throw signal.aborted ? signal.reason : error;
  } finally {
    guard.rest();
    // Answered before all was sent: what is left of it would be taken for the next request.
    if (!request.writableFinished) request.destroy();
  }
}

/** Ends what brings nothing for too long. */
interface Guard {
  wait(on: Pick<ClientRequest | IncomingMessage, 'destroy'>, ms: number): void;
  /** Something went out: time counts from now. */
  note(): void;
  /** Nothing is waited for. */
  rest(): void;
}

function guardConnection(request: ClientRequest): Guard {
  let timer: NodeJS.Timeout | undefined;
  const rest = (): void => clearTimeout(timer);
  const wait: Guard['wait'] = (on, ms) => {
    rest();
    timer = setTimeout(() => {
      on.destroy(Object.assign(new Error(`nothing came for ${ms / 1000} s`), { code: 'ETIMEDOUT' }));
    }, ms);
  };
  wait(request, timeouts.connectMs);
  request.once('socket', socket => {
    const go = (): void => wait(request, timeouts.headMs);
    if (socket.connecting) socket.once('encrypted' in socket ? 'secureConnect' : 'connect', go);
    else go();
  });
  return { wait, rest, note: () => void timer?.refresh() };
}
