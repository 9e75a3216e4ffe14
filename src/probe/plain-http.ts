import { connect } from 'node:net';

/** A GET over clear text. */
export interface PlainRequest {
  readonly host: string;
  readonly port: number;
  /** With its query, escaped. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** What an answer says of itself. */
export interface PlainAnswer {
  readonly status: number;
  readonly location: string | undefined;
}

/** Longest head of an answer, as Go takes it by default (net/http, DefaultMaxHeaderBytes). */
const headBytes = 2 ** 20;

/**
 * Asks once by HTTP/1.1 and reads the answer to its end, or as much of its body as is given (RFC 9112, section 6). By
 * hand: node:http costs twice the CPU for each request, and probes are hundreds a second.
 *
 * @returns what ends it early
 * @throws Error for a header that cannot be sent
 */
export function askPlain(
  request: PlainRequest,
  bodyBytes: number,
  answered: (answer: PlainAnswer) => void,
  broken: (error: Error) => void,
): () => void {
  const text = textOf(request);
  const socket = connect({ host: request.host, port: request.port });
  let head: Head | undefined;
  let read = '';
  const take = (chunk: string): void => {
    read += chunk;
    while (head === undefined) {
      const end = read.indexOf('\r\n\r\n');
      if (end < 0) {
        if (read.length > headBytes) fail('a head of more than 1 MiB');
        return;
      }
      const found = headOf(read.slice(0, end));
      if (found === undefined) {
        fail('what came is not HTTP');
        return;
      }
      read = read.slice(end + 4);
      // Interim answers come before the one that counts.
      if (found.status >= 200 || found.status === 101) head = found;
    }
    if (read.length >= bodyBytes || isWhole(head, read)) done(head);
  };
  const done = ({ status, location }: Head): void => {
    socket.removeAllListeners('end');
    answered({ status, location });
  };
  const fail = (message: string): void => broken(new Error(message));
  socket.unref();
  socket.setEncoding('latin1');
  socket.on('connect', () => socket.write(text, 'latin1'));
  socket.on('data', take);
  socket.on('end', () => {
    if (head !== undefined && head.length === undefined && !head.chunked) done(head);
    else fail('connection closed');
  });
  socket.on('error', broken);
  return () => socket.destroy();
}

interface Head extends PlainAnswer {
  /** Of the body, in bytes; undefined where the end of the connection is its end, or chunks tell. */
  readonly length: number | undefined;
  readonly chunked: boolean;
}

function headOf(text: string): Head | undefined {
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r\n|$)/.exec(text)?.[1]);
  if (Number.isNaN(status)) return undefined;
  const field = (name: string): string | undefined =>
    new RegExp(`\\r\\n${name}:[ \\t]*([^\\r\\n]*)`, 'i').exec(text)?.[1]?.trim();
  const hasBody = status !== 204 && status !== 304;
  const chunked = hasBody && /\bchunked$/i.test(field('transfer-encoding') ?? '');
  const length = field('content-length');
  const known = hasBody ? (chunked || length === undefined ? undefined : Number(length)) : 0;
  return { status, location: field('location'), chunked, length: known };
}

/** The last chunk is empty; after it come trailers, which nothing here asks for. */
function isWhole({ length, chunked }: Head, body: string): boolean {
  return chunked
    ? body === '0\r\n\r\n' || body.endsWith('\r\n0\r\n\r\n')
    : length !== undefined && body.length >= length;
}

function textOf({ host, port, path, headers }: PlainRequest): string {
  const named =
    headers.host === undefined ? { host: `${host.includes(':') ? `[${host}]` : host}:${port}`, ...headers } : headers;
  const lines = Object.entries(named).flatMap(([name, values]) => [values].flat().map(value => `${name}: ${value}`));
  if (lines.some(line => /[\r\n\0]/.test(line))) throw new Error('a header holds a line break');
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`;
}
