import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
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

/** Writes an image of its own, `1`, as an OCI layout; no more of it is in memory than some pieces. */
export async function writeSample(dir: string, { layers: count, bytes }: SampleWish): Promise<void> {
  await mkdir(join(dir, 'blobs/sha256'), { recursive: true });
  const pieces = Math.max(1, Math.round(bytes / count / packedShare / pieceBytes));
  const layers: Layer[] = [];
  const shared = Array.from({ length: 8 }, textPart);
  for (let index = 0; index < count; index++) {
    layers.push(await writeLayer(dir, partsOf(`file-${index}`, pieces, shared)));
  }
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

/** A part of a layer, plain and packed. Members of gzip may follow each other (RFC 1952, 2.2): parts need packing once. */
interface Part {
  readonly plain: Buffer;
  readonly packed: Buffer;
}

function partOf(plain: Buffer): Part {
  return { plain, packed: gzipSync(plain, { level: 1 }) };
}

function textPart(): Part {
  return partOf(Buffer.from(randomBytes((pieceBytes / 4) * 3).toString('base64'), 'latin1'));
}

/** The first piece is the layer's own; the others are of all. */
function* partsOf(name: string, pieces: number, shared: readonly Part[]): Generator<Part, void> {
  const header = new Header({ path: name, size: pieces * pieceBytes, mode: 0o644, type: 'File', mtime: new Date(0) });
  const block = Buffer.alloc(512);
  header.encode(block, 0);
  yield partOf(block);
  yield textPart();
  for (let piece = 1; piece < pieces; piece++) {
    const part = shared[piece % shared.length];
    if (part !== undefined) yield part;
  }
  yield partOf(Buffer.alloc(1024));
}

async function writeLayer(dir: string, parts: Iterable<Part>): Promise<Layer> {
  const [plainHash, packedHash] = [createHash('sha256'), createHash('sha256')];
  const temporary = join(dir, 'layer');
  const file = await open(temporary, 'w');
  let size = 0;
  for (const { plain, packed } of parts) {
    plainHash.update(plain);
    packedHash.update(packed);
    size += packed.length;
    await file.write(packed);
  }
  await file.close();
  const digest = `sha256:${packedHash.digest('hex')}`;
  await rename(temporary, blobPath(dir, digest));
  return { digest, diffId: `sha256:${plainHash.digest('hex')}`, size };
}

function blobPath(dir: string, digest: string): string {
  return join(dir, 'blobs/sha256', digest.slice('sha256:'.length));
}
