import { Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import type { Dispatcher, request as Request } from 'undici';
import type { Certificates } from './certificates.ts';
import { ImageError } from './failure.ts';
import { answerFailure, networkFailure } from './http-failure.ts';

/** How registries are reached. */
export interface HttpOptions {
  /** False takes any certificate, and plain HTTP where nothing speaks TLS. */
  readonly verifyTls: boolean;
  /** Read once, before the first connection. */
  readonly certificates: () => Promise<Certificates>;
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY count, in either case. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** One request. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes to the origin of `url` alone, whoever redirects. */
  readonly authorization?: string | undefined;
  /** Made anew for each time that it is sent. */
  readonly body?: (() => AsyncIterable<Uint8Array>) | Uint8Array | undefined;
  /** Of what `body` gives, in bytes. */
  readonly bodyBytes?: number;
  /** Statuses besides 2xx that are answers, not failures. */
  readonly accept?: readonly number[];
  /** The action for messages: `read the manifest of quay.io/a/b:1`. */
  readonly what: string;
}

/** The head of an answer, and its body still to come. One that nobody reads holds its connection: `drop` it. */
export interface Answer {
  readonly status: number;
  /** Where it came from in the end. */
  readonly url: URL;
  /** The first of that name, in lower case. */
  header(name: string): string | undefined;
  readonly content: AsyncIterable<Uint8Array>;
  drop(): Promise<void>;
}

export interface Http {
  /**
   * Asks once, and follows redirects.
   *
   * @throws ImageError where it does not answer, or with another status than asked for
   */
  send(call: Call): Promise<Answer>;
  close(): Promise<void>;
}

const timeouts = {
  connectMs: 30_000,
  /** Registries that check a large blob before they answer take their time. */
  headersMs: 120_000,
  /** How long a body may bring nothing. */
  silenceMs: 60_000,
};
const mostRedirects = 5;
/** An answer that explains a failure is read so far, in bytes. */
const largestExplanation = 64 * 1024;

/** Opens nothing yet: connections are made as calls need them, and kept for the next. */
export function openHttp(opts: HttpOptions): Http {
  let link: Promise<Link> | undefined;
  return {
    // What is still under way is not wanted any more.
    close: async () => (await link)?.dispatcher.destroy(),
    send: async call => {
      link ??= openLink(opts);
      return follow(call, await link);
    },
  };
}

interface Link {
  readonly dispatcher: Dispatcher;
  readonly request: typeof Request;
  readonly signal: AbortSignal;
  readonly verifyTls: boolean;
}

/** Reads the client here: who copies between files alone has no use for it. */
async function openLink({ verifyTls, certificates, env, signal }: HttpOptions): Promise<Link> {
  const [{ EnvHttpProxyAgent, request }, { ca, client }] = await Promise.all([import('undici'), certificates()]);
  // Made once: reading a host's list of authorities for every connection takes longer than the connection.
  const secureContext = createSecureContext({ ...(ca.length > 0 && { ca: [...ca] }), ...client });
  const tls = { rejectUnauthorized: verifyTls, secureContext };
  const dispatcher = new EnvHttpProxyAgent({
    // Empty where there is none: left out, undici would look into the process's own environment.
    httpProxy: env.http_proxy ?? env.HTTP_PROXY ?? '',
    httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? '',
    noProxy: env.no_proxy ?? env.NO_PROXY ?? '',
    connect: { timeout: timeouts.connectMs, ...tls },
    requestTls: tls,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.silenceMs,
  });
  return { dispatcher, request, signal, verifyTls };
}

async function follow(call: Call, link: Link): Promise<Answer> {
  let { url, authorization } = call;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const answer = await ask({ ...call, url, authorization }, link);
    const to = redirectOf(call, answer);
    if (to === undefined) return judged(call, answer);
    await answer.drop();
    if (url.protocol === 'https:' && to.protocol !== 'https:' && link.verifyTls) {
      throw invalid(call.what, `it leads from TLS to "${to.origin}"`);
    }
    // Stores of blobs have their own proof in the address; ours is for the registry.
    if (to.origin !== url.origin) authorization = undefined;
    url = to;
  }
  throw invalid(call.what, `it leads on more than ${mostRedirects} times`);
}

/** Where an answer leads. What changes something is sent on only where its meaning is kept (RFC 9110, 15.4). */
function redirectOf({ method, what }: Call, answer: Answer): URL | undefined {
  const isRead = method === 'GET' || method === 'HEAD';
  const statuses = isRead ? [301, 302, 303, 307, 308] : [307, 308];
  if (!statuses.includes(answer.status)) return undefined;
  const location = answer.header('location');
  const to = location && URL.canParse(location, answer.url.href) ? new URL(location, answer.url) : undefined;
  if (to && (to.protocol === 'https:' || to.protocol === 'http:')) return to;
  throw invalid(what, 'it leads nowhere');
}

async function ask(call: Call, { dispatcher, request, signal }: Link): Promise<Answer> {
  const { method, url, body, bodyBytes, authorization } = call;
  const own = { 'user-agent': 'podstead', ...(authorization !== undefined && { authorization }) };
  const size = bodyBytes === undefined ? {} : { 'content-length': String(bodyBytes) };
  try {
    const {
      statusCode,
      headers,
      body: incoming,
    } = await request(url.href, {
      dispatcher,
      method,
      signal,
      headers: { ...own, ...size, ...call.headers },
      body: typeof body === 'function' ? Readable.from(body()) : (body ?? null),
    });
    return {
      status: statusCode,
      url,
      header: name => [headers[name]].flat()[0],
      content: named(incoming, call.what),
      drop: async () => {
        // Read to its end it leaves its connection to the next; a long one is cut off.
        await incoming.dump({ limit: largestExplanation }).catch(() => undefined);
      },
    };
  } catch (error) {
    throw networkFailure(call.what, error) ?? error;
  }
}

/** A body whose failures are told as those of the head. */
async function* named(body: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    throw networkFailure(what, error) ?? error;
  }
}

async function judged(call: Call, answer: Answer): Promise<Answer> {
  const { status } = answer;
  if ((status >= 200 && status < 300) || call.accept?.includes(status)) return answer;
  const body = await readUpTo(answer, largestExplanation).catch(() => new Uint8Array());
  throw answerFailure(call.what, { status, body, retryAfterMs: retryAfter(answer) });
}

/** Seconds, or a date, which is told by the clock that wrote it (RFC 9110, 10.2.3). */
function retryAfter(answer: Answer): number | undefined {
  const told = answer.header('retry-after') ?? '';
  if (/^\d{1,9}$/.test(told)) return Number(told) * 1000;
  const ms = Date.parse(told) - Date.parse(answer.header('date') ?? '');
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Reads a whole body. @throws ImageError `REGISTRY_INVALID` where it has more than so many bytes */
export async function readAll(answer: Answer, limit: number, what: string): Promise<Uint8Array> {
  const bytes = await readUpTo(answer, limit + 1);
  if (bytes.length <= limit) return bytes;
  throw invalid(what, `it sends more than ${limit} bytes`);
}

/** Ends the answer where there is more. */
async function readUpTo({ content }: Answer, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

export function invalid(what: string, found: string): ImageError {
  const hint = 'See that a registry answers there, and nothing else';
  return new ImageError('REGISTRY_INVALID', `Cannot ${what}: ${found}`, { hint });
}
