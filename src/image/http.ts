import { ImageError } from './failure.ts';
import { answerFailure, networkFailure } from './http-failure.ts';
import { type Link, type LinkOptions, openLink } from './link.ts';

/** How registries are reached; without `verifyTls` also by plain HTTP, where nothing speaks TLS. */
export type HttpOptions = LinkOptions;

/** One request. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes to the origin of `url` alone, whoever redirects. */
  readonly authorization?: string | undefined;
  /** For messages, what that proves: `the user name and password of "/root/auth.json"`. */
  readonly asker?: string | undefined;
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
  /** By its name in lower case; of several, all with commas between (RFC 9110, 5.3). */
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
  /** Ends what is still under way: it is not wanted any more. */
  close(): Promise<void>;
}

const mostRedirects = 5;
/** An answer that explains a failure is read so far, in bytes. */
const largestExplanation = 64 * 1024;

/** Opens nothing yet: connections are made as calls need them, and kept for the next. */
export function openHttp(opts: HttpOptions): Http {
  const link = openLink(opts);
  return {
    close: async () => link.close(),
    send: call => follow(call, { link, verifyTls: opts.verifyTls }),
  };
}

interface Way {
  readonly link: Link;
  readonly verifyTls: boolean;
}

async function follow(call: Call, { link, verifyTls }: Way): Promise<Answer> {
  let { url, authorization } = call;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const answer = await ask({ ...call, url, authorization }, link);
    if (!isRedirect(call, answer)) return judged(call, answer);
    await answer.drop();
    const to = placeOf(call, answer);
    if (url.protocol === 'https:' && to.protocol !== 'https:' && verifyTls) {
      throw invalid(call.what, `it leads from TLS to "${to.origin}"`);
    }
    // Stores of blobs have their own proof in the address; ours is for the registry.
    if (to.origin !== url.origin) authorization = undefined;
    url = to;
  }
  throw invalid(call.what, `it leads on more than ${mostRedirects} times`);
}

/** What changes something is sent on only where its meaning is kept (RFC 9110, 15.4). */
function isRedirect({ method }: Call, { status }: Answer): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  return (isRead ? [301, 302, 303, 307, 308] : [307, 308]).includes(status);
}

/** Where an answer leads. */
function placeOf({ what }: Call, answer: Answer): URL {
  const location = answer.header('location');
  const to = location && URL.canParse(location, answer.url.href) ? new URL(location, answer.url) : undefined;
  if (to && (to.protocol === 'https:' || to.protocol === 'http:')) return to;
  throw invalid(what, 'it leads nowhere');
}

async function ask(call: Call, link: Link): Promise<Answer> {
  const { method, url, body, bodyBytes, authorization, what } = call;
  const own = { 'user-agent': 'podstead', ...(authorization !== undefined && { authorization }) };
  const size = bodyBytes === undefined ? {} : { 'content-length': String(bodyBytes) };
  try {
    const reply = await link.ask({ method, url, body, headers: { ...own, ...size, ...call.headers } });
    const content = named(reply.content, what);
    return {
      status: reply.status,
      url,
      header: name => [reply.headers[name]].flat()[0],
      content,
      drop: () => leave(content),
    };
  } catch (error) {
    throw networkFailure(what, error) ?? error;
  }
}

/** Read to its end a body leaves its connection to the next; a long one is cut off. */
async function leave(content: AsyncIterable<Uint8Array>): Promise<void> {
  let left = largestExplanation;
  try {
    for await (const chunk of content) {
      left -= chunk.length;
      if (left < 0) return;
    }
  } catch {
    // What it would have said is not wanted.
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
  throw answerFailure(call.what, { status, body, retryAfterMs: retryAfter(answer), asker: call.asker });
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
