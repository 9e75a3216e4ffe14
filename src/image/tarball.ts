import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Header } from 'tar';
import { checked, digestOf } from './digest.ts';
import { ImageError } from './failure.ts';
import { type Descriptor, type Manifest, parseManifest } from './manifest.ts';
import { layerType, ociConfig, ociManifest, type Packing } from './media.ts';
import { hostPlatform } from './platform.ts';
import type { ImageSource } from './source.ts';
import { formatPlace, type Place } from './transport.ts';
import { fileBytes, needThere } from './tree.ts';
import { unpack } from './unpack.ts';
import { untilStopped } from './until-stopped.ts';

type TarballPlace = Extract<Place, { transport: 'tarball' }>;

/** A file that becomes a layer. */
interface Layer {
  readonly path: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
  /** In nanoseconds. */
  readonly mtime: bigint;
}

/**
 * An image made of tar archives, a layer each, for this host's platform. The same files with the same times give the same
 * image, which is the one that skopeo makes of them on a host in UTC.
 *
 * @param signal ends the reading of the files for their digests
 * @throws ImageError `IMAGE_NOT_FOUND`, `LAYOUT_INVALID`
 */
export async function tarballSource(place: TarballPlace, signal: AbortSignal): Promise<ImageSource> {
  const layers: Layer[] = [];
  for (const path of place.paths) layers.push(await readLayer(path, signal));
  const config = Buffer.from(JSON.stringify(configOf(layers)));
  const written = {
    schemaVersion: 2,
    config: { mediaType: ociConfig, digest: digestOf(config), size: config.length },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  const manifest = parseManifest(Buffer.from(JSON.stringify(written)), ociManifest, formatPlace(place));
  return {
    place,
    repository: undefined,
    top: async () => manifest,
    manifest: async (): Promise<Manifest> => manifest,
    blob: descriptor => blobOf(descriptor, config, layers),
    close: async () => undefined,
  };
}

async function* blobOf(
  descriptor: Descriptor,
  config: Uint8Array,
  layers: readonly Layer[],
): AsyncGenerator<Uint8Array, void> {
  const layer = layers.find(({ digest }) => digest === descriptor.digest);
  if (layer === undefined) yield config;
  else yield* checked(fileBytes(layer.path, { start: 0, size: undefined }), descriptor, `"${layer.path}"`);
}

/** Reads a file for its digest, and for that of what it unpacks to. */
async function readLayer(path: string, signal: AbortSignal): Promise<Layer> {
  await needThere(path);
  const found = await stat(path, { bigint: true });
  if (!found.isFile()) throw noTar(path, 'expected a file');
  const packing = await packingAt(path);
  const mediaType = layerType(packing, 'oci') ?? '';
  const size = Number(found.size);
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of fileBytes(path, { start: 0, size: undefined })) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const descriptor = { mediaType, digest: `of "${path}"`, size, urls: [], annotations: undefined, platform: undefined };
  const plain = unpack({ ...descriptor, raw: {} }, hashed());
  let start: Uint8Array = new Uint8Array();
  for await (const chunk of untilStopped(plain.content, signal))
    if (start.length < block) start = Buffer.concat([start, chunk]);
  if (!isTar(Buffer.from(start))) throw noTar(path, 'it is no tar archive, nor one packed by gzip or zstd');
  const digest = `sha256:${hash.digest('hex')}`;
  return { path, mediaType, digest, size, diffId: plain.digest(), mtime: found.mtimeNs };
}

const block = 512;

async function packingAt(path: string): Promise<Packing> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of fileBytes(path, { start: 0, size: 4 })) chunks.push(chunk);
  const magic = Buffer.concat(chunks).toString('hex');
  if (magic.startsWith('1f8b')) return 'gzip';
  return magic === '28b52ffd' ? 'zstd' : 'none';
}

/** A header whose sum is right, or the zeros of an archive without files. */
function isTar(start: Buffer): boolean {
  if (start.length < block) return false;
  const header = new Header(start, 0);
  return header.cksumValid || start.subarray(0, block).every(byte => byte === 0);
}

function noTar(path: string, found: string): ImageError {
  const hint = 'Name tar archives, as in tarball:base.tar:app.tar.gz';
  return new ImageError('LAYOUT_INVALID', `Cannot read "${path}": ${found}`, { hint });
}

/** What containers/image says of such an image; the fields are in its order, on which the digest hangs. */
function configOf(layers: readonly Layer[]): unknown {
  const { os, architecture } = hostPlatform(process.arch);
  const [latest = 0n] = layers.map(({ mtime }) => mtime).toSorted((a, b) => (a < b ? 1 : -1));
  return {
    created: timeOf(latest),
    architecture,
    os,
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ diffId, mtime }) => ({
      created: timeOf(mtime),
      created_by: `/bin/sh -c #(nop) ADD file:${diffId.slice('sha256:'.length)} in /`,
      comment: 'imported from tarball',
    })),
  };
}

/** RFC 3339 in UTC, with as many digits of a second as there are. */
function timeOf(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  const rest = String(ns % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${seconds}${rest === '' ? '' : `.${rest}`}Z`;
}
