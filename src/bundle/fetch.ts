import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Access } from '../image/access.ts';
import { copyImage } from '../image/copy.ts';
import { type ContentDigest, checked } from '../image/digest.ts';
import { ImageError } from '../image/failure.ts';
import { blobPath } from '../image/layout.ts';
import type { Descriptor, ImageManifest, Manifest } from '../image/manifest.ts';
import { packingOf } from '../image/media.ts';
import { parseName } from '../image/name.ts';
import { openReference } from '../image/named-source.ts';
import { pickImage } from '../image/pick.ts';
import type { Platform } from '../image/platform.ts';
import { directorySink, writeBytes } from '../image/sink.ts';
import type { ImageTarget } from '../image/target.ts';
import { formatPlace } from '../image/transport.ts';
import { fileBytes } from '../image/tree.ts';
import type { Progress } from '../model/event.ts';

/** An image that was fetched into a directory. */
export interface Fetched {
  readonly reference: string;
  /** The place that the reference stood for, as in `docker://quay.io/team/web:1`. */
  readonly from: string;
  readonly top: Manifest;
  readonly image: ImageManifest;
}

export interface FetchOptions {
  readonly access: Access;
  readonly platform: Platform;
  /** Layers that need not come: an earlier bundle has them. */
  readonly isKnown: (digest: ContentDigest) => boolean;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Fetches an image for one platform into a directory, byte for byte, blobs by their digests, from where registries.conf
 * has it. What is there already, of whatever image and whenever it came, is not fetched again.
 *
 * @throws ImageError
 */
export async function fetchImage(directory: string, reference: string, opts: FetchOptions): Promise<Fetched> {
  if (parseName(reference).registry === 'localhost') {
    const message = `Cannot fetch "${reference}": it is an image of one host alone, which no registry has`;
    throw new ImageError('IMAGE_NOT_FOUND', message, {
      hint: 'Put what it is built from beside the manifest, or push it to a registry and name that',
    });
  }
  const source = await openReference(reference, opts.access);
  try {
    const { top, image } = await pickImage(source, opts.platform);
    const target = directoryTarget(directory, opts.isKnown);
    for (const layer of image.layers) checkLayer(reference, layer);
    // What was picked, although its tag may move meanwhile.
    const { access, platform, onProgress } = opts;
    const more = { all: true, platform, preserveDigests: true, onProgress, signal: access.signal };
    await copyImage({ ...source, top: async () => image }, target, more);
    await target.putManifest(top, true);
    return { reference, from: formatPlace(source.place), top, image };
  } finally {
    await source.close();
  }
}

/** @throws ImageError `NOT_CONVERTIBLE` for what engines cannot take from a file */
function checkLayer(reference: string, { mediaType }: Descriptor): void {
  if (packingOf(mediaType) !== undefined) return;
  const message = `Cannot fetch "${reference}": a bundle takes no layers of type "${mediaType}"`;
  throw new ImageError('NOT_CONVERTIBLE', message, { hint: 'Name an image that containers run' });
}

function directoryTarget(directory: string, isKnown: FetchOptions['isKnown']): ImageTarget {
  const sink = directorySink(directory);
  return {
    place: { transport: 'oci', path: directory, ref: undefined },
    holds: 'any',
    repository: undefined,
    check: () => undefined,
    has: async blob => (packingOf(blob.mediaType) !== undefined && isKnown(blob.digest)) || hasWhole(directory, blob),
    put: async ({ digest }, content) => {
      await sink.write(blobPath(digest), content());
      return 'sent';
    },
    putManifest: (manifest: Manifest) => writeBytes(sink, blobPath(manifest.digest), manifest.bytes),
    commit: async () => undefined,
    close: () => sink.close(),
  };
}

/** What an earlier try left is read once more: a disk that was full or cut off may have left less than its name says. */
async function hasWhole(directory: string, { digest, size }: Descriptor): Promise<boolean> {
  const path = join(directory, blobPath(digest));
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== size) return false;
  try {
    for await (const _ of checked(fileBytes(path, { start: 0, size: undefined }), { digest, size }, path));
    return true;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}
