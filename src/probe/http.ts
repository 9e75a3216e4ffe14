import { validateHeaderValue } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import type { Handler } from '../model/probe.ts';
import { type Answer, answerReader } from './answer.ts';
import { expiry } from './expiry.ts';
import type { ProbeResult } from './fold.ts';
import { reasonOf } from './tcp.ts';

/** As the kubelet names itself, as servers tell probes by it (pkg/probe/http/request.go). */
export const userAgent = 'kube-probe/1.36';
/** So much of a body is read, then the connection is closed (pkg/probe/http/http.go). */
const bodyBytes = 10 * 1024;
const mostRedirects = 10;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

type HttpHandler = Handler & { readonly type: 'httpGet' };
type Headers = Readonly<Record<string, string | readonly string[]>>;

interface Ask {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
  readonly headers: Headers;
}

/**
 * Asks as the kubelet does: 200 to 399 is success; redirects are followed on the same host alone, and one that leads
 * elsewhere is a success as it stands; certificates are not checked; each request has a connection of its own.
 */
export function dialHttp(handler: HttpHandler, host: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise(resolve => {
    let isOver = false;
    let leave = (): void => undefined;
    const end = (result: ProbeResult): void => {
      timer.end();
      isOver = true;
      leave();
      resolve(result);
    };
    const fail = (message: string): void => end({ ok: false, message });
    const timer = expiry(timeoutMs, () => fail(`no answer within ${timeoutMs / 1000} s`));
    const broken = (error: Error): void => fail(`cannot get an answer: ${reasonOf(error)}`);
    const follow = async (ask: Ask, left: number): Promise<void> => {
      const connecting = ask.scheme === 'HTTPS' ? await secured() : connect;
      if (isOver) return;
      leave = send(
        ask,
        connecting,
        ({ status, location }) => {
          const next = redirects.has(status) ? redirected(ask, location) : undefined;
          if (next === undefined) return end(resultOf(status));
          leave();
          if (left === 0) fail(`redirected more than ${mostRedirects} times`);
          else follow(next, left - 1).catch(broken);
        },
        broken,
      );
    };
    const { scheme, path, headers } = handler;
    follow({ scheme, host, port, path: requestPath(path), headers: headersOf(headers) }, mostRedirects).catch(broken);
  });
}

function resultOf(status: number): ProbeResult {
  const ok = status >= 200 && status < 400;
  return { ok, message: ok ? '' : `HTTP ${status}` };
}

type Connect = (at: { readonly host: string; readonly port: number }) => Socket;

/** TLS takes a while to load, and most probes need none. */
async function secured(): Promise<Connect> {
  const tls = await import('node:tls');
  return ({ host, port }) => tls.connect({ host, port, servername: isIP(host) ? '' : host, rejectUnauthorized: false });
}

/** @returns what ends it early */
function send(
  ask: Ask,
  connecting: Connect,
  answered: (answer: Answer) => void,
  broken: (error: Error) => void,
): () => void {
  const text = textOf(ask);
  const reader = answerReader(bodyBytes);
  const socket = connecting({ host: ask.host, port: ask.port }).unref();
  const leave = (): void => {
    socket.destroy();
  };
  const take = (answer: Answer | undefined): void => {
    if (answer === undefined) return;
    socket.removeAllListeners('data').removeAllListeners('end');
    answered(answer);
  };
  socket.setEncoding('latin1');
  socket.on('error', broken);
  socket.on('data', (piece: string) => {
    try {
      take(reader.take(piece));
    } catch (error) {
      leave();
      broken(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on('end', () => {
    const answer = reader.end();
    if (answer === undefined) broken(new Error('the connection was closed before the answer was whole'));
    else take(answer);
  });
  socket.write(text, 'latin1');
  return leave;
}

/** @throws TypeError for a header that cannot be sent */
function textOf({ host, port, path, headers }: Ask): string {
  const own = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const all: Headers = { host: own, ...headers, connection: 'close' };
  const lines = Object.entries(all).flatMap(([name, values]) =>
    [values].flat().map(value => {
      const sent = sentAs(value);
      validateHeaderValue(name, sent);
      return `${name}: ${sent}\r\n`;
    }),
  );
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Go sends a header's value as UTF-8; here a character is a byte. */
function sentAs(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : Buffer.from(value, 'utf8').toString('latin1');
}

/** Where a redirect leads; undefined where it leads to another host, or nowhere. */
function redirected(ask: Ask, location: string | undefined): Ask | undefined {
  if (location === undefined) return undefined;
  const base = new URL(
    `${ask.scheme.toLowerCase()}://${isIP(ask.host) === 6 ? `[${ask.host}]` : ask.host}:${ask.port}${ask.path}`,
  );
  const url = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  if (url === undefined || url.hostname !== base.hostname) return undefined;
  const scheme = url.protocol === 'https:' ? 'HTTPS' : 'HTTP';
  const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(location) || location.startsWith('//');
  // A name given for this host stays with relative redirects alone (net/http, Client.do).
  const headers = isAbsolute ? withoutHost(ask.headers) : ask.headers;
  const port = Number(url.port) || (scheme === 'HTTPS' ? 443 : 80);
  return { scheme, host: ask.host, port, path: url.pathname + url.search, headers };
}

function withoutHost(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'host'));
}

/** The manifest's, joined by name, over the kubelet's own; an empty User-Agent or Accept means to send none. */
function headersOf(given: HttpHandler['headers']): Headers {
  const headers: Record<string, string | string[]> = { 'user-agent': userAgent, accept: '*/*' };
  const own = new Set<string>();
  for (const { name, value } of given) {
    const key = name.toLowerCase();
    const before = own.has(key) ? headers[key] : undefined;
    headers[key] = before === undefined || key === 'host' ? value : [before, value].flat();
    own.add(key);
  }
  for (const name of ['user-agent', 'accept']) if (headers[name] === '') delete headers[name];
  return headers;
}

/** What Node refuses in a path is escaped, as Go does; a fragment is never sent. */
function requestPath(path: string): string {
  const [sent = ''] = path.split('#');
  const escaped = sent.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  return escaped.startsWith('/') ? escaped : `/${escaped}`;
}
