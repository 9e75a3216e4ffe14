import { createGzip } from 'node:zlib';
import type { Packing } from './media.ts';
import { through } from './through.ts';
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
  if (packing === 'zstd') return packZstd(content, level);
  return through(content, createGzip({ chunkSize: 256 * 1024, ...(level !== undefined && { level }) }));
}
