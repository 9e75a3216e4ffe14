import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Packing } from './media.ts';
import { packZstd } from './zstd-pack.ts';

/** How a layer is packed. */
export interface PackOptions {
  readonly packing: Packing;
  /** From 1, fast, to 9 (gzip) or 20 (zstd), small; each one's own where left out. */
  readonly level: number | undefined;
}

/** Packs a layer as it comes. The same bytes and options give the same bytes, with the same version of Node. */
export function pack(content: AsyncIterable<Uint8Array>, { packing, level }: PackOptions): AsyncIterable<Uint8Array> {
  if (packing === 'none') return content;
  return packing === 'gzip' ? gzipped(content, level) : packZstd(content, level);
}

async function* gzipped(
  content: AsyncIterable<Uint8Array>,
  level: number | undefined,
): AsyncGenerator<Uint8Array, void> {
  const gzip = createGzip({ chunkSize: 256 * 1024, ...(level !== undefined && { level }) });
  const done = pipeline(Readable.from(content), gzip);
  // Its failure reaches the reader through the stream itself.
  done.catch(() => undefined);
  try {
    yield* gzip;
    await done;
  } finally {
    gzip.destroy();
  }
}
