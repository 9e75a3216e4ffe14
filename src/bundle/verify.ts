import { readSmall } from '../image/blob.ts';
import { type ContentDigest, checked } from '../image/digest.ts';
import { ImageError } from '../image/failure.ts';
import { parseJson, record, texts } from '../image/json.ts';
import { blobPath } from '../image/layout.ts';
import { type Descriptor, type ImageManifest, largestDocument, type Manifest } from '../image/manifest.ts';
import { packingOf } from '../image/media.ts';
import { unpack } from '../image/unpack.ts';
import { type BundledImage, invalid } from './contents.ts';
import { type ContextsIn, checkLinks } from './links.ts';
import type { Bundle, FilePart } from './open.ts';

/** An image of a bundle, found whole. */
export interface WholeImage {
  readonly bundled: BundledImage;
  /** What its name stands for in the registry. */
  readonly top: Manifest;
  readonly image: ImageManifest;
  /** Layers that neither the bundle nor its bases have. */
  readonly absent: readonly Descriptor[];
}

export interface VerifyOptions {
  /** Earlier bundles, for layers that this one leaves out. */
  readonly bases: readonly Bundle[];
  /** By which links are told to be material of a build. */
  readonly contextsIn: ContextsIn;
  readonly signal: AbortSignal;
  /** Bytes that were read, of all there are to read. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Holds every byte of a bundle against its digest, and every layer against what its image says that it unpacks to; of
 * its bases, what it takes from them. No link leads out of what an image is built from into manifests.
 *
 * @throws ImageError `CONTENT_WRONG`, `LAYOUT_INVALID`, `MANIFEST_INVALID`
 */
export async function verifyBundle(bundle: Bundle, opts: VerifyOptions): Promise<readonly WholeImage[]> {
  await checkLinks(bundle, opts.contextsIn);
  const images: WholeImage[] = [];
  const layers = new Map<string, Layer>();
  for (const bundled of bundle.contents.images) images.push(await wholeImage(bundle, bundled, { ...opts, layers }));
  const rest = bundle.contents.parts.flatMap(part => (part.type === 'file' && !layers.has(part.path) ? [part] : []));
  const works = [
    ...[...layers.values()].map(({ holder, part, descriptor, diffId }) => ({
      size: part.size,
      content: () => unpacked(descriptor, diffId, holder.read(part)),
    })),
    ...rest.map(part => ({ size: part.size, content: () => bundle.read(part) })),
  ];
  const totalBytes = works.reduce((sum, { size }) => sum + size, 0);
  let doneBytes = 0;
  for (const { size, content } of works) {
    for await (const _ of content()) opts.signal.throwIfAborted();
    doneBytes += size;
    opts.onProgress(doneBytes, totalBytes);
  }
  return images;
}

interface Layer {
  readonly holder: Bundle;
  readonly part: FilePart;
  readonly descriptor: Descriptor;
  /** What it unpacks to, as the image's configuration has it. */
  readonly diffId: ContentDigest;
}

/** The bundle that has a blob: the first of these. */
export function holderOf(
  digest: ContentDigest,
  bundles: readonly Bundle[],
): { readonly holder: Bundle; readonly part: FilePart } | undefined {
  for (const holder of bundles) {
    const part = holder.file(blobPath(digest));
    if (part !== undefined) return { holder, part };
  }
  return undefined;
}

async function wholeImage(
  bundle: Bundle,
  bundled: BundledImage,
  { bases, layers }: Pick<VerifyOptions, 'bases'> & { readonly layers: Map<string, Layer> },
): Promise<WholeImage> {
  const top = await bundle.manifest(bundled.digest);
  const image = await bundle.manifest(bundled.manifest);
  const isNamed =
    top.kind === 'index' ? top.manifests.some(each => each.digest === image.digest) : top.digest === image.digest;
  if (image.kind !== 'image' || !isNamed) {
    throw invalid(bundle.path, `"${bundled.reference}" names ${bundled.manifest}, which is no image of it`);
  }
  const diffIds = await diffIdsOf(bundle, image);
  const absent: Descriptor[] = [];
  for (const [index, descriptor] of image.layers.entries()) {
    const found = holderOf(descriptor.digest, [bundle, ...bases]);
    const diffId = diffIds[index];
    if (diffId === undefined) throw invalid(bundle.path, `${image.digest} has a layer that its configuration lacks`);
    if (found !== undefined) checkSize(found.part, descriptor, bundle);
    if (found !== undefined) layers.set(blobPath(descriptor.digest), { ...found, descriptor, diffId });
    else if (bundle.contents.absent.some(({ digest }) => digest === descriptor.digest)) absent.push(descriptor);
    else throw invalid(bundle.path, `it lacks the layer ${descriptor.digest} of "${bundled.reference}"`);
  }
  return { bundled, top, image, absent };
}

function checkSize(part: FilePart, { digest, size }: Descriptor, { path }: Bundle): void {
  if (part.digest !== digest || part.size !== size) throw invalid(path, `"${part.path}" is not what its image says`);
}

async function diffIdsOf(bundle: Bundle, { config }: ImageManifest): Promise<readonly string[]> {
  const part = bundle.file(blobPath(config.digest));
  if (part === undefined) throw invalid(bundle.path, `it lacks the configuration ${config.digest}`);
  const what = `the configuration ${config.digest} of "${bundle.path}"`;
  const bytes = await readSmall(checked(bundle.read(part), config, what), largestDocument, what);
  return texts(record(record(parseJson(bytes, what)).rootfs).diff_ids);
}

/** Unpacks a layer on the way, where we can: bombs and wrong contents end it. */
async function* unpacked(
  layer: Descriptor,
  diffId: ContentDigest,
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  if (packingOf(layer.mediaType) === undefined) return yield* packed;
  let isRead = false;
  async function* whole(): AsyncGenerator<Uint8Array, void> {
    yield* packed;
    isRead = true;
  }
  const plain = unpack(layer, whole());
  yield* plain.content;
  // What follows the end of a gzip is not unpacked: only bytes that were read to their end are proven.
  if (isRead && plain.digest() === diffId) return;
  throw new ImageError('CONTENT_WRONG', `Cannot take layer ${layer.digest}: it is not what its image says`, {
    hint: 'Nothing of it was kept: whoever made the image named another layer in its configuration',
  });
}
