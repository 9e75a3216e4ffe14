import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { through } from './through.ts';

/** What Node's zlib has of zstd from 22.15 and 23.8 on (https://nodejs.org/api/zlib.html#zlibcreatezstdcompressoptions). */
interface ZlibOfZstd {
  readonly createZstdCompress?: (options: {
    readonly chunkSize: number;
    readonly params: Readonly<Record<number, number>>;
  }) => Transform;
}

const { createZstdCompress }: ZlibOfZstd = zlib as ZlibOfZstd;
/** Numbers of zstd's own options (ZSTD_cParameter in zstd.h). */
const [compressionLevel, windowLog] = [100, 101];
/** Its level where none is given (ZSTD_CLEVEL_DEFAULT). */
const usualLevel = 3;
/** From this level on zstd takes windows that not everybody who unpacks makes room for; 8 MiB everybody does (RFC 8878, section 3.1.1.1.2). */
const wideLevel = 20;
const mostWindowLog = 23;

/** Whether zstd comes with Node; else it is WebAssembly, a fifth as fast or less. */
export const hasOwnZstd: boolean = createZstdCompress !== undefined;

/**
 * Packs with zstd as it comes. The same bytes and level give the same bytes, by Node's own zstd other ones than by
 * WebAssembly's.
 *
 * @param level from 1 to 20; 3 where left out
 */
export function packZstd(
  content: AsyncIterable<Uint8Array>,
  level: number = usualLevel,
): AsyncGenerator<Uint8Array, void> {
  return createZstdCompress === undefined ? byWasm(content, level) : byZlib(content, createZstdCompress, level);
}

function byZlib(
  content: AsyncIterable<Uint8Array>,
  create: NonNullable<ZlibOfZstd['createZstdCompress']>,
  level: number,
): AsyncGenerator<Uint8Array, void> {
  const window = level < wideLevel ? {} : { [windowLog]: mostWindowLog };
  return through(content, create({ chunkSize: 256 * 1024, params: { [compressionLevel]: level, ...window } }));
}

/** So many bytes go into one frame: the library makes a list of numbers of what it packed, which takes many times that. */
const frameBytes = 512 * 1024;

/** One frame after the other, which together are one stream (RFC 8878, section 3): the library packs a frame at once. */
async function* byWasm(content: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Uint8Array, void> {
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
