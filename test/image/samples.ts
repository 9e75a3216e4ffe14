import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/image/digest.ts';
import { type Descriptor, type ImageIndex, type ImageManifest, parseManifest } from '../../src/image/manifest.ts';
import { ociConfig, ociIndex, ociManifest } from '../../src/image/media.ts';

/** Bytes with their digest. */
export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An image of the test's own, with all its bytes. */
export interface SampleImage {
  readonly manifest: ImageManifest;
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

export function blobOf(content: string | Buffer): Blob {
  const bytes = Buffer.from(content);
  return { bytes, digest: digestOf(bytes) };
}

/** Two blocks of zeros: a tar archive without files, which every tool takes. */
const emptyTar = Buffer.alloc(1024);

/** A tar archive with one file of that content. */
export function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, emptyTar]);
}

/** Makes an image with layers of random bytes, so that no registry or store has them yet. */
export function sampleImage(
  opts: { readonly sizes?: readonly number[]; readonly architecture?: string; readonly label?: string } = {},
): SampleImage {
  const { sizes = [1000, 2000], architecture = 'amd64', label = 'sample' } = opts;
  const tars = sizes.map((size, index) => tarOf(`file-${index}`, randomBytes(size)));
  const layers = tars.map(tar => blobOf(gzipSync(tar, { level: 1 })));
  const config = blobOf(
    JSON.stringify({
      created: '2026-01-02T03:04:05Z',
      architecture,
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['sh'], Labels: { what: label } },
      rootfs: { type: 'layers', diff_ids: tars.map(tar => blobOf(tar).digest) },
      history: tars.map((_, index) => ({ created: '2026-01-02T03:04:05Z', created_by: `layer ${index}` })),
    }),
  );
  const written = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: { mediaType: ociConfig, digest: config.digest, size: config.bytes.length },
    layers: layers.map(({ digest, bytes }) => {
      return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: bytes.length };
    }),
    annotations: { 'org.example.what': label },
  };
  const manifest = parseManifest(Buffer.from(JSON.stringify(written)), undefined, 'the sample');
  if (manifest.kind !== 'image') throw new Error('The sample is no image');
  return { manifest, config, layers };
}

/** An index of images, each with its platform. */
export function sampleIndex(images: Readonly<Record<string, SampleImage>>): ImageIndex {
  const manifests = Object.entries(images).map(([architecture, { manifest }]) => {
    const { mediaType, digest, bytes } = manifest;
    return { mediaType, digest, size: bytes.length, platform: { os: 'linux', architecture } };
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests }));
  const index = parseManifest(bytes, undefined, 'the sample');
  if (index.kind !== 'index') throw new Error('The sample is no index');
  return index;
}

/** A descriptor as a manifest has it. */
export function descriptorOf({ digest, bytes }: Blob, mediaType = 'application/octet-stream'): Descriptor {
  const raw = { mediaType, digest, size: bytes.length };
  return { ...raw, urls: [], annotations: undefined, platform: undefined, raw };
}
