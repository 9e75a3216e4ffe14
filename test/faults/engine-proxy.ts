import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { After } from '../e2e/host.ts';

/** What lies between the program and its engine: it hands on every call, and does to answers as it is told. */
export interface EngineProxy {
  readonly url: string;
  /** What becomes of each line of the event stream: it is replaced by these. */
  events: (line: string) => readonly string[];
  /** What becomes of the list of containers. */
  containers: (entry: Listing) => Listing;
  /** Calls so far, by method and path without version and query. */
  readonly calls: ReadonlyMap<string, number>;
  /** Breaks every event stream that is open, and each new one while `isCut`. @returns how many were broken */
  cut(): number;
  isCut: boolean;
  /** Event streams that are open now. */
  streams(): number;
}

/** An entry of `containers/json`, as the engine sends it. */
export type Listing = Readonly<Record<string, unknown>>;

/** Opens one on a socket of its own. */
export async function engineProxy(t: After, socketPath: string): Promise<EngineProxy> {
  const dir = await mkdtemp(join(tmpdir(), 'pdx-'));
  const calls = new Map<string, number>();
  const streams = new Set<ServerResponse>();
  const self: EngineProxy = {
    url: `unix://${join(dir, 's')}`,
    events: line => [line],
    containers: entry => entry,
    calls,
    isCut: false,
    streams: () => streams.size,
    cut: () => {
      const count = streams.size;
      for (const stream of streams) stream.destroy();
      return count;
    },
  };
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '', headers } = incoming;
    const path = url.replace(/^\/v[\d.]+(\/libpod)?/, '').replace(/\?.*/, '');
    calls.set(`${method} ${path}`, (calls.get(`${method} ${path}`) ?? 0) + 1);
    const isEvents = path === '/events';
    if (isEvents && self.isCut) return void incoming.socket.destroy();
    const sent = request({ socketPath, method, path: url, headers, agent: false }, reply => {
      outgoing.writeHead(reply.statusCode ?? 500, withoutLength(reply, path));
      if (isEvents) follow(reply, outgoing);
      else if (path === '/containers/json') void rewrite(reply, outgoing);
      else reply.pipe(outgoing);
    });
    if (isEvents) {
      streams.add(outgoing);
      outgoing.once('close', () => streams.delete(outgoing));
    }
    const end = (): void => void [sent, outgoing].map(each => each.destroy());
    sent.on('error', end);
    outgoing.on('close', () => sent.destroy());
    incoming.on('error', end);
    incoming.pipe(sent);
  });
  const follow = (reply: IncomingMessage, outgoing: ServerResponse): void => {
    let rest = '';
    reply.setEncoding('utf8');
    reply.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.flatMap(line => self.events(line))) outgoing.write(`${line}\n`);
    });
    reply.on('error', () => outgoing.destroy());
    reply.on('end', () => outgoing.end());
  };
  const rewrite = async (reply: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of reply) chunks.push(chunk);
      const entries = JSON.parse(Buffer.concat(chunks).toString()) as readonly Listing[];
      outgoing.end(JSON.stringify(Array.isArray(entries) ? entries.map(entry => self.containers(entry)) : entries));
    } catch {
      outgoing.destroy();
    }
  };
  await new Promise<void>(resolve => server.listen(join(dir, 's'), () => resolve()));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    await rm(dir, { recursive: true, force: true });
  });
  return self;
}

/** What is rewritten has another length than the engine said. */
function withoutLength({ headers }: IncomingMessage, path: string): IncomingMessage['headers'] {
  if (path !== '/containers/json' && path !== '/events') return headers;
  const { 'content-length': _, 'transfer-encoding': _chunked, ...rest } = headers;
  return rest;
}
