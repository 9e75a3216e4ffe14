import { createHash, randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { create } from 'tar';
import type { After } from '../e2e/host.ts';

/**
 * How it treats who asks: `none` serves; `error` answers 500, `busy` 429 with Retry-After, `refuse` 401; `truncate` cuts
 * off each layer in its middle, `lie` sends other bytes than the digest says, `hang` sends half of a layer and then
 * nothing.
 */
export type Fault = 'none' | 'error' | 'busy' | 'refuse' | 'truncate' | 'lie' | 'hang';

/** A registry of the test's own on loopback, that has one image under every name. */
export interface HostileRegistry {
  /** `127.0.0.1:PORT`, which private engines take without TLS. */
  readonly host: string;
  fault: Fault;
  /** Every request so far: its moment in ms since the epoch, and its path. */
  readonly asked: readonly { readonly atMs: number; readonly path: string }[];
  /** How many answers hang at this moment, with somebody still waiting. */
  hanging(): number;
  /** Sends the rest of what hangs. */
  release(): void;
}

interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/**
 * Starts one. Its image is made anew, with random bytes in it, so that no engine has its layer yet: busybox, with
 * `/motd` as given.
 *
 * @param size random bytes in the layer
 */
export async function hostileRegistry(t: After, motd: string, size: number = 256 * 1024): Promise<HostileRegistry> {
  const image = await makeImage(motd, size);
  const asked: { atMs: number; path: string }[] = [];
  const hung = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ atMs: Date.now(), path });
    serve(request, response);
  });
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '';
    const { fault } = self;
    if (fault === 'error') return void response.writeHead(500).end('{"errors":[{"code":"UNKNOWN"}]}');
    if (fault === 'busy') {
      const body = '{"errors":[{"code":"TOOMANYREQUESTS","message":"too many requests"}]}';
      return void response.writeHead(429, { 'retry-after': '1' }).end(body);
    }
    if (fault === 'refuse') {
      const body = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}';
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end(body);
    }
    if (path.endsWith('/v2/')) return void response.end('{}');
    if (path.includes('/manifests/')) return void sendBlob(request, response, image.manifest, manifestType);
    const blob = [image.config, image.layer].find(({ digest }) => path.endsWith(digest));
    if (blob === undefined) return void response.writeHead(404).end();
    if (blob !== image.layer || fault === 'none')
      return void sendBlob(request, response, blob, 'application/octet-stream');
    response.writeHead(200, { 'content-length': blob.bytes.length });
    if (fault === 'lie') return void response.end(randomBytes(blob.bytes.length));
    response.write(blob.bytes.subarray(0, blob.bytes.length / 2), () => {
      if (fault === 'truncate') response.destroy();
    });
    if (fault !== 'hang') return;
    hung.add(response);
    response.once('close', () => hung.delete(response));
  };
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });
  const address = server.address();
  const self: HostileRegistry = {
    host: `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    fault: 'none',
    asked,
    hanging: () => hung.size,
    release: () => {
      for (const response of hung) response.end(image.layer.bytes.subarray(image.layer.bytes.length / 2));
    },
  };
  return self;
}

function sendBlob(request: IncomingMessage, response: ServerResponse, { bytes, digest }: Blob, type: string): void {
  const headers = { 'content-type': type, 'content-length': bytes.length, 'docker-content-digest': digest };
  response.writeHead(200, headers);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

async function makeImage(
  motd: string,
  size: number,
): Promise<{ readonly manifest: Blob; readonly config: Blob; readonly layer: Blob }> {
  const plain = await makeLayer(motd, size);
  const layer = blobOf(gzipSync(plain, { level: 1 }));
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const config = blobOf(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['sleep', '10000'] },
      rootfs: { type: 'layers', diff_ids: [blobOf(plain).digest] },
    }),
  );
  const describe = ({ digest, bytes }: Blob, kind: string): object => {
    return { mediaType: `application/vnd.oci.image.${kind}`, digest, size: bytes.length };
  };
  const manifest = blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: describe(config, 'config.v1+json'),
      layers: [describe(layer, 'layer.v1.tar+gzip')],
    }),
  );
  return { manifest, config, layer };
}

async function makeLayer(motd: string, size: number): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'pdl-'));
  try {
    const root = join(dir, 'root');
    await mkdir(join(root, 'bin'), { recursive: true });
    await copyFile('/bin/busybox', join(root, 'bin/busybox'));
    await chmod(join(root, 'bin/busybox'), 0o755);
    for (const applet of ['sh', 'sleep', 'cat']) await symlink('busybox', join(root, 'bin', applet));
    await writeFile(join(root, 'motd'), motd);
    await writeFile(join(root, 'ballast'), randomBytes(size));
    await create({ cwd: root, file: join(dir, 'layer.tar'), portable: true }, ['.']);
    return await readFile(join(dir, 'layer.tar'));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function blobOf(content: string | Buffer): Blob {
  const bytes = Buffer.from(content);
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}
