import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { type ContentDigest, checked } from './digest.ts';
import { onDisk, writeAll } from './disk.ts';
import { ImageError } from './failure.ts';
import type { Descriptor } from './manifest.ts';
import { type Packing, packingOf } from './media.ts';
import { type PackOptions, pack } from './pack.ts';
import { makeScratch } from './scratch.ts';
import { fileBytes } from './tree.ts';
import { unpack } from './unpack.ts';
import { untilStopped } from './until-stopped.ts';

/** How layers are to be packed, whatever they were. */
export interface Repacking extends PackOptions {
  /** Leave what is packed in any way as it is. */
  readonly onlyPlain: boolean;
  /** TMPDIR counts: a layer is kept there until it is where it goes. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A layer that was packed anew. */
export interface Repacked {
  readonly digest: ContentDigest;
  /** In bytes. */
  readonly size: number;
  content(): AsyncIterable<Uint8Array>;
  remove(): Promise<void>;
}

/** Whether a layer is to be packed anew; never what is no layer of a file system, or what nobody may redistribute. */
export function isToRepack({ mediaType }: Descriptor, { packing, onlyPlain }: Repacking): boolean {
  const now: Packing | undefined = packingOf(mediaType);
  return now !== undefined && now !== packing && (now === 'none' || !onlyPlain);
}

/** Annotations that speak of the packed bytes, by the starts of their names (zstd:chunked, estargz). */
const ofPacking =
  /^(io\.github\.containers\.zstd-chunked\.|containerd\.io\/snapshot\/stargz\/|io\.containers\.estargz\.)/;

/** What is left of a layer's annotations; undefined where none is. */
export function keptAnnotations({ annotations = {} }: Descriptor): Readonly<Record<string, string>> | undefined {
  const kept = Object.entries(annotations).filter(([name]) => !ofPacking.test(name));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/**
 * Packs a layer anew, into a file. What it unpacks to is held against the image's configuration.
 *
 * @throws ImageError `CONTENT_WRONG`, `DISK_FULL`; then no file is left
 */
export async function repack(
  layer: Descriptor,
  content: AsyncIterable<Uint8Array>,
  { diffId, signal, ...opts }: Repacking & { readonly diffId: ContentDigest | undefined; readonly signal: AbortSignal },
): Promise<Repacked> {
  const scratch = await makeScratch(opts.env, 'layer');
  const { path } = scratch;
  try {
    const plain = unpack(layer, content);
    // Here too: a few bytes may unpack to very many, which take their time to pack.
    const written = await onDisk(path, () => write(path, pack(untilStopped(plain.content, signal), opts)));
    if (plain.digest() !== diffId) {
      throw new ImageError('CONTENT_WRONG', `Cannot take layer ${layer.digest}: it is not what its image says`, {
        hint: 'Nothing of it was kept: whoever made the image named another layer in its configuration',
      });
    }
    return {
      ...written,
      // Held against what was written: a disk may keep something else, and nobody after this would see it.
      content: () =>
        untilStopped(checked(fileBytes(path, { start: 0, size: undefined }), written, `"${path}"`), signal),
      remove: scratch.remove,
    };
  } catch (error) {
    await scratch.remove();
    throw error;
  }
}

async function write(path: string, content: AsyncIterable<Uint8Array>): Promise<Pick<Repacked, 'digest' | 'size'>> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of content) {
      await writeAll(file, chunk);
      hash.update(chunk);
      size += chunk.length;
    }
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}
