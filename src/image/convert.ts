import { ImageError } from './failure.ts';
import { type Descriptor, type ImageIndex, type ImageManifest, type Manifest, parseManifest } from './manifest.ts';
import { dockerConfig, isForeign, isOci, layerType, ociConfig, ociIndex, ociManifest, packingOf } from './media.ts';

/** Images, and what names them: one of them, or an index. */
export interface Selection {
  readonly images: readonly ImageManifest[];
  readonly top: Manifest;
}

/**
 * The same images in OCI's format, which alone belongs into OCI's layout: no byte of a layer or configuration changes,
 * so that an image keeps its id. What is of OCI already stays as it is.
 *
 * @throws ImageError `NOT_CONVERTIBLE` for types that OCI does not have
 */
export function toOci({ images, top }: Selection): Selection {
  const made = new Map(images.map(image => [image.digest, imageToOci(image)]));
  const converted = images.map(image => made.get(image.digest) ?? image);
  return { images: converted, top: top.kind === 'image' ? (made.get(top.digest) ?? top) : indexToOci(top, made) };
}

function imageToOci(image: ImageManifest): ImageManifest {
  if (isOci(image.mediaType)) return image;
  const config = image.config.mediaType === dockerConfig ? ociConfig : image.config.mediaType;
  const written = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: { ...image.config.raw, mediaType: config },
    layers: image.layers.map(layer => ({ ...layer.raw, mediaType: ociLayer(layer) })),
  };
  return parsed(written, 'image');
}

function ociLayer({ mediaType }: Descriptor): string {
  // OCI's word for what nobody may redistribute (image-spec 1.0).
  if (isForeign(mediaType)) return 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
  const packing = packingOf(mediaType);
  const type = packing && layerType(packing, 'oci');
  if (type !== undefined) return type;
  throw new ImageError('NOT_CONVERTIBLE', `Cannot convert a layer of type "${mediaType}": OCI has none like it`, {
    hint: 'Use dir: or docker:// instead, which take it as it is',
  });
}

function indexToOci(index: ImageIndex, made: ReadonlyMap<string, ImageManifest>): ImageIndex {
  const same = [...made].every(([digest, image]) => digest === image.digest);
  if (same && isOci(index.mediaType)) return index;
  const manifests = index.manifests.map(({ raw, digest }) => {
    const image = made.get(digest);
    if (image === undefined) return raw;
    return { ...raw, mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
  });
  return parsed({ schemaVersion: 2, mediaType: ociIndex, manifests }, 'index');
}

function parsed<K extends Manifest['kind']>(document: unknown, kind: K): Extract<Manifest, { kind: K }> {
  const manifest = parseManifest(Buffer.from(JSON.stringify(document)), undefined, 'the converted image');
  if (manifest.kind === kind) return manifest as Extract<Manifest, { kind: K }>;
  throw new Error('A converted image is of another kind');
}
