import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Access } from '../../src/image/access.ts';
import { openRegistry, type Registry, type RegistryOptions } from '../../src/image/registry.ts';
import type { Retries } from '../../src/image/retry.ts';

/** A server on loopback that answers as a test says. */
export interface Server {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The certificate that vouches for it, where it has one. */
  readonly ca: string | undefined;
  /** Its key: with both a client is known to a server that wants to know. */
  readonly key: string | undefined;
  /** Every request so far. */
  readonly asked: readonly Asked[];
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request; `body` is what came with it. */
export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Starts one; with `tls` by a certificate of its own; `mutual` lets in only who shows that very one. */
export async function serve(
  t: TestContext,
  handler: Handler,
  opts: { readonly tls?: true | 'mutual' } = {},
): Promise<Server> {
  const asked: Asked[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { method = '', url: path = '', headers } = request;
      asked.push({ method, path, headers, body });
      handler(request, response, body);
    });
  };
  const tls = opts.tls && makeCertificate();
  const server = tls
    ? createTlsServer({ ...tls, ca: tls.cert, requestCert: opts.tls === 'mutual' }, listener)
    : createServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, ca: tls?.cert, key: tls?.key, asked };
}

function makeCertificate(): { readonly key: string; readonly cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'pdc-'));
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const kind = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=registry.test',
    ].concat(['-addext', 'subjectAltName=IP:127.0.0.1']);
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Retries that wait no time; what they would have waited is kept, in ms. */
export function hasty(times = 3): Retries & { readonly waits: readonly number[] } {
  const waits: number[] = [];
  return { times, waits, wait: async ms => void waits.push(ms) };
}

/** A registry on a server of a test's. */
export function registryOn(t: TestContext, server: Server, more: Partial<RegistryOptions> = {}): Registry {
  const signal = new AbortController().signal;
  const certificates = async () => ({ ca: server.ca === undefined ? [] : [server.ca], client: undefined });
  const options = { verifyTls: false, env: {}, signal, retries: hasty(), certificates };
  const registry = openRegistry(server.host, { ...options, login: async () => undefined, ...more });
  t.after(() => registry.close());
  return registry;
}

/** How commands reach registries, without credentials and without waiting. */
export function openAccess(retries: Retries = hasty()): Access {
  return {
    verifyTls: false,
    trust: {
      policy: async () => undefined,
      storage: async () => ({ lookaside: 'file:///nowhere', staging: 'file:///nowhere', attachments: undefined }),
      now: Date.now,
    },
    certificates: undefined,
    auth: undefined,
    env: {},
    retries,
    signal: new AbortController().signal,
  };
}
