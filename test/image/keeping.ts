import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { digestOf } from '../../src/image/digest.ts';
import { attachmentTag } from '../../src/image/signature-attach.ts';
import { type Claim, claimTypes, readClaim } from '../../src/image/signature-claim.ts';
import { type Handler, type Server, serve } from './server.ts';

/** A registry in memory, of documents alone: it keeps what it is given as text. */
export interface Keeping {
  readonly server: Server;
  /** By `REPOSITORY:TAG` or `REPOSITORY@DIGEST`. */
  readonly manifests: Map<string, Buffer>;
  readonly blobs: Map<string, Buffer>;
  /** Puts a manifest there under a tag and under its digest. */
  keep(repository: string, tag: string, bytes: Uint8Array): void;
  /** What the signatures beside an image say, in their order. */
  claims(repository: string, digest: string): readonly (Claim | string)[];
  /** The requests since it was asked last, as `METHOD PATH`; greetings aside. */
  asked(): readonly string[];
}

/** Starts one. `lie` may answer in its place, and says so with true. */
export async function keepingRegistry(
  t: TestContext,
  lie: (...args: Parameters<Handler>) => boolean = () => false,
): Promise<Keeping> {
  const manifests = new Map<string, Buffer>();
  const blobs = new Map<string, Buffer>();
  const keep: Keeping['keep'] = (repository, tag, bytes) => {
    manifests.set(`${repository}:${tag}`, Buffer.from(bytes));
    manifests.set(`${repository}@${digestOf(bytes)}`, Buffer.from(bytes));
  };
  const server = await serve(t, (request, response, body) => {
    if (lie(request, response, body)) return;
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://registry.test');
    const [, repository = '', kind = '', name = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(pathname) ?? [];
    if (kind === 'manifests' && request.method === 'PUT') {
      keep(repository, name, Buffer.from(body));
      return void response.writeHead(201).end();
    }
    if (request.method === 'POST') return void response.writeHead(202, { location: `${pathname}one` }).end();
    if (request.method === 'PUT') {
      blobs.set(searchParams.get('digest') ?? '', Buffer.from(body));
      return void response.writeHead(201).end();
    }
    const separator = name.includes(':') ? '@' : ':';
    const bytes = kind === 'blobs' ? blobs.get(name) : manifests.get(`${repository}${separator}${name}`);
    if (bytes === undefined) return void response.writeHead(404).end();
    answer(request, response, bytes);
  });
  let before = 0;
  return {
    server,
    manifests,
    blobs,
    keep,
    claims: (repository, digest) => {
      const bytes = manifests.get(`${repository}:${attachmentTag({ digest })}`);
      const layers: readonly { readonly digest: string }[] =
        bytes === undefined ? [] : JSON.parse(String(bytes)).layers;
      return layers.map(layer => readClaim(blobs.get(layer.digest) ?? Buffer.alloc(0), claimTypes.cosign));
    },
    asked: () => {
      const requests = server.asked.slice(before).map(({ method, path }) => `${method} ${path.slice('/v2/'.length)}`);
      before = server.asked.length;
      return requests.filter(each => each !== 'GET ');
    },
  };
}

/** Sends a document; to HEAD what it is alone. */
export function answer(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  const { mediaType = 'text/plain' } = JSON.parse(Buffer.from(bytes).toString());
  response.writeHead(200, { 'content-type': mediaType, 'docker-content-digest': digestOf(bytes) });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
