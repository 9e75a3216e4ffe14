import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Packing } from './media.ts';

/** How a layer is packed. */
export interface PackOptions {
  readonly packing: Packing;
  /** From 1, fast, to 9 (gzip) or 20 (zstd), small; each one's own where left out. */
  readonly level: number | undefined;
}

/** Levels that each takes, as skopeo has them. */
export const mostLevel: Readonly<Record<Packing, number>> = { none: 0, gzip: 9, zstd: 20 };

/** Packs a layer as it comes. The same bytes and options give the same bytes. */
export function pack(content: AsyncIterable<Uint8Array>, { packing, level }: PackOptions): AsyncIterable<Uint8Array> {
  if (packing === 'none') return content;
  return packing === 'gzip' ? gzipped(content, level) : zstandard(content, level);
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

/** So many bytes go into one frame: the library makes a list of numbers of what it packed, which takes many times that. */
const frameBytes = 512 * 1024;

/** One frame after the other, which together are one stream (RFC 8878, section 3): the library packs a frame at once. */
async function* zstandard(
  content: AsyncIterable<Uint8Array>,
  level: number | undefined,
): AsyncGenerator<Uint8Array, void> {
  const { Zstd } = await import('@hpcc-js/wasm-zstd');
  const zstd = await Zstd.load();
  let isEmpty = true;
  for await (const frame of inParts(content, frameBytes)) {
    isEmpty = false;
    yield zstd.compress(frame, level);
  }
  if (isEmpty) yield zstd.compress(new Uint8Array(), level);
}

/** Parts of one size, the last of them smaller; they are valid until the next is asked for. */
async function* inParts(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void> {
  const part = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.subarray(at, at + size - filled);
      part.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < size) continue;
      yield part;
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
