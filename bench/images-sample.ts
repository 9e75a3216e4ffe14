import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Header } from 'tar';
import { digestOf } from '../src/image/digest.ts';
import { layerType, ociConfig, ociManifest } from '../src/image/media.ts';

/** Raw bytes of one piece of a layer's file: text, of which gzip takes a quarter away, as of programs. */
const pieceBytes = 1024 * 1024;
const packedShare = 0.76;

interface Layer {
  readonly digest: string;
  readonly diffId: string;
  readonly size: number;
}

/** What an image shall be. */
export interface SampleWish {
  readonly layers: number;
  /** Of all its layers as they are packed, about, in bytes. */
  readonly bytes: number;
}

/** Writes an image of its own, `1`, as an OCI layout; no more of it is in memory than a piece. */
export async function writeSample(dir: string, { layers: count, bytes }: SampleWish): Promise<void> {
  await mkdir(join(dir, 'blobs/sha256'), { recursive: true });
  const pieces = Math.max(1, Math.round(bytes / count / packedShare / pieceBytes));
  const layers: Layer[] = [];
  for (let index = 0; index < count; index++) layers.push(await writeLayer(dir, `file-${index}`, pieces));
  const config = await writeBlob(dir, {
    created: '2026-01-02T03:04:05Z',
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const manifest = await writeBlob(dir, {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: { mediaType: ociConfig, ...config },
    layers: layers.map(({ digest, size }) => ({ mediaType: layerType('gzip', 'oci'), digest, size })),
  });
  const annotations = { 'org.opencontainers.image.ref.name': '1' };
  const index = { schemaVersion: 2, manifests: [{ mediaType: ociManifest, ...manifest, annotations }] };
  await writeFile(join(dir, 'index.json'), JSON.stringify(index));
  await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

async function writeBlob(dir: string, document: unknown): Promise<{ readonly digest: string; readonly size: number }> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  await writeFile(blobPath(dir, digest), bytes);
  return { digest, size: bytes.length };
}

async function writeLayer(dir: string, name: string, pieces: number): Promise<Layer> {
  const [plain, packed] = [new Digest(), new Digest()];
  const temporary = join(dir, 'layer');
  const tar = Readable.from(tarOf(name, pieces));
  await pipeline(tar, plain, createGzip({ level: 1 }), packed, createWriteStream(temporary));
  await rename(temporary, blobPath(dir, packed.told()));
  return { digest: packed.told(), diffId: plain.told(), size: packed.bytes };
}

function blobPath(dir: string, digest: string): string {
  return join(dir, 'blobs/sha256', digest.slice('sha256:'.length));
}

async function* tarOf(name: string, pieces: number): AsyncGenerator<Buffer, void> {
  const header = new Header({ path: name, size: pieces * pieceBytes, mode: 0o644, type: 'File', mtime: new Date(0) });
  const block = Buffer.alloc(512);
  header.encode(block, 0);
  yield block;
  for (let piece = 0; piece < pieces; piece++) {
    yield Buffer.from(randomBytes((pieceBytes / 4) * 3).toString('base64'), 'latin1');
  }
  yield Buffer.alloc(1024);
}

/** Passes bytes on, and knows their digest at the end. */
class Digest extends Transform {
  bytes = 0;
  readonly #hash = createHash('sha256');

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
    done(null, chunk);
  }

  told(): string {
    return `sha256:${this.#hash.copy().digest('hex')}`;
  }
}
