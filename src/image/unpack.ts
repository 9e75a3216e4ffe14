import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ContentDigest } from './digest.ts';
import { ImageError } from './failure.ts';
import type { Descriptor } from './manifest.ts';
import { packingOf } from './media.ts';
import { ZstdError, zstdFrames } from './zstd-frames.ts';

/** A layer without its packing. */
export interface Plain {
  readonly content: AsyncIterable<Uint8Array>;
  /** Of all that came out; called once `content` is at its end. */
  digest(): ContentDigest;
}

/** With more than so many times its packed bytes a layer is made to fill disks; less than this in all is borne. */
const largestRatio = 200;
const alwaysBorne = 1024 ** 3;

/**
 * Unpacks a layer as it comes.
 *
 * @throws ImageError `CONTENT_WRONG` where it is not packed as it says, or unpacks to far more than a layer does
 */
export function unpack(layer: Descriptor, packed: AsyncIterable<Uint8Array>, borne: number = alwaysBorne): Plain {
  const hash = createHash('sha256');
  let digest: ContentDigest | undefined;
  async function* hashed(): AsyncGenerator<Uint8Array, void> {
    const limit = Math.max(borne, layer.size * largestRatio);
    let size = 0;
    for await (const chunk of plainOf(layer, packed)) {
      size += chunk.length;
      if (size > limit) throw wrong(layer, `it unpacks to more than ${limit} bytes`);
      hash.update(chunk);
      yield chunk;
    }
    digest = `sha256:${hash.digest('hex')}`;
  }
  return { content: hashed(), digest: () => digest ?? '' };
}

function plainOf(layer: Descriptor, packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const packing = packingOf(layer.mediaType);
  if (packing === 'gzip') return gunzipped(layer, packed);
  return packing === 'zstd' ? unzstd(layer, packed) : packed;
}

async function* unzstd(layer: Descriptor, packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const { Decompress } = await import('fzstd');
  const made: Uint8Array[] = [];
  const stream = new Decompress(chunk => void made.push(chunk));
  const frames = zstdFrames();
  try {
    for await (const chunk of packed) {
      for (const part of frames.parts(chunk)) {
        stream.push(part);
        yield* made.splice(0);
      }
    }
    frames.end();
    stream.push(new Uint8Array(), true);
  } catch (cause) {
    if (cause instanceof ZstdError || isOfLibrary(cause)) throw wrong(layer, cause.message, cause);
    throw cause;
  }
  yield* made.splice(0);
}

/** The library's own errors have a number for a code; broken input also leads it past the end of arrays. */
function isOfLibrary(error: unknown): error is Error {
  return (
    error instanceof RangeError ||
    error instanceof TypeError ||
    (error instanceof Error && 'code' in error && typeof error.code === 'number')
  );
}

function isOfZlib(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

async function* gunzipped(layer: Descriptor, packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // Its failure reaches the reader through the stream itself.
  const done = pipeline(Readable.from(packed), gunzip).catch(() => undefined);
  try {
    yield* gunzip;
  } catch (cause) {
    // What failed may also be the reading of it, or somebody stopped that.
    if (isOfZlib(cause)) throw wrong(layer, cause.message, cause);
    throw cause;
  } finally {
    gunzip.destroy();
    await done;
  }
}

function wrong({ digest }: Descriptor, found: string, cause?: unknown): ImageError {
  const hint = 'Nothing of it was kept: whoever made the image packed it so';
  return new ImageError('CONTENT_WRONG', `Cannot unpack layer ${digest}: ${found}`, { hint, cause });
}
