import { ImageError } from './failure.ts';
import { isRecord, parseJson, record, type Unread } from './json.ts';
import { type Descriptor, type ImageIndex, type ImageManifest, type Manifest, parseManifest } from './manifest.ts';
import { type Family, familyOf, layerTypeIn, typesOf } from './media.ts';

/** Images, and what names them: one of them, or an index. */
export interface Selection {
  readonly images: readonly ImageManifest[];
  readonly top: Manifest;
}

/**
 * The same images in the format of a family: no byte of a layer or configuration changes, so that an image keeps its id.
 * What is of that family already stays as it is. What the family has no field for (annotations, in Docker's) is left out.
 *
 * The bytes are those that containers/image writes for the same image.
 *
 * @throws ImageError `NOT_CONVERTIBLE` for types that the family does not have
 */
export function convert({ images, top }: Selection, to: Family): Selection {
  return remade({ images, top }, image => convertImage(image, to), to);
}

/**
 * The same images with other layers: each with the fields that `edit` gives instead of its own.
 *
 * @param edit undefined for a layer that stays
 */
export function editLayers(
  selection: Selection,
  edit: (layer: Descriptor, image: ImageManifest) => Readonly<Record<string, Unread>> | undefined,
): Selection {
  const editImage = (image: ImageManifest): ImageManifest => {
    const edits = image.layers.map(layer => edit(layer, image));
    if (edits.every(each => each === undefined)) return image;
    const document = record(parseJson(image.bytes, 'the image'));
    return parsed(
      { ...document, layers: image.layers.map(({ raw }, index) => ({ ...raw, ...edits[index] })) },
      'image',
    );
  };
  return remade(selection, editImage, familyOf(selection.top.mediaType));
}

function remade({ images, top }: Selection, remake: (image: ImageManifest) => ImageManifest, to: Family): Selection {
  const made = new Map(images.map(image => [image.digest, remake(image)]));
  const all = images.map(image => made.get(image.digest) ?? image);
  return { images: all, top: top.kind === 'image' ? (made.get(top.digest) ?? top) : convertIndex(top, made, to) };
}

function convertImage(image: ImageManifest, to: Family): ImageManifest {
  if (familyOf(image.mediaType) === to) return image;
  const written = {
    schemaVersion: 2,
    mediaType: typesOf[to].image,
    config: descriptorIn(to, image.config, configTypeFor(image.config, to)),
    layers: image.layers.map(layer => descriptorIn(to, layer, layerTypeFor(layer, to))),
  };
  return parsed(written, 'image');
}

/** What is no image keeps its type in OCI's format, and Docker's has none for it. */
function configTypeFor({ mediaType }: Descriptor, to: Family): string {
  const isImage = Object.values(typesOf).some(({ config }) => config === mediaType);
  if (isImage) return typesOf[to].config;
  if (to === 'oci') return mediaType;
  throw notConvertible(`Cannot convert a configuration of type "${mediaType}"`, to);
}

function layerTypeFor({ mediaType }: Descriptor, to: Family): string {
  const type = layerTypeIn(to, mediaType);
  if (type !== undefined) return type;
  throw notConvertible(`Cannot convert a layer of type "${mediaType}"`, to);
}

function notConvertible(what: string, to: Family): ImageError {
  const [name, hint] = {
    oci: ['OCI', 'Use dir: or docker:// instead, which take it as it is'],
    docker: ["Docker's format", 'Leave out --format, or give --format oci'],
  }[to];
  return new ImageError('NOT_CONVERTIBLE', `${what}: ${name} has none like it`, { hint });
}

/** Fields in the order in which Go's structs have them, on which the digest hangs. */
function descriptorIn(to: Family, { raw, digest, size }: Descriptor, mediaType: string): unknown {
  const { urls, annotations, platform } = raw;
  const place = isRecord(platform) ? { platform: platformIn(platform) } : {};
  return to === 'oci'
    ? { mediaType, digest, size, urls, annotations, ...place }
    : { mediaType, size, digest, urls, ...place };
}

function platformIn(platform: Readonly<Record<string, Unread>>): unknown {
  const { architecture, os, variant } = platform;
  return { architecture, os, 'os.version': platform['os.version'], 'os.features': platform['os.features'], variant };
}

function convertIndex(index: ImageIndex, made: ReadonlyMap<string, ImageManifest>, to: Family): ImageIndex {
  const isOfFamily = familyOf(index.mediaType) === to;
  const isSame = [...made].every(([digest, image]) => digest === image.digest);
  if (isSame && isOfFamily) return index;
  const manifests = index.manifests.map(each => {
    const image = made.get(each.digest);
    const { mediaType, digest, size } = image === undefined ? each : { ...image, size: image.bytes.length };
    if (isOfFamily) return { ...each.raw, mediaType, digest, size };
    return descriptorIn(to, { ...each, digest, size }, mediaType);
  });
  const document = record(parseJson(index.bytes, 'the index'));
  const own = isOfFamily ? document : { schemaVersion: 2, mediaType: typesOf[to].index };
  return parsed({ ...own, manifests }, 'index');
}

function parsed<K extends Manifest['kind']>(document: unknown, kind: K): Extract<Manifest, { kind: K }> {
  const manifest = parseManifest(Buffer.from(JSON.stringify(document)), undefined, 'the converted image');
  if (manifest.kind === kind) return manifest as Extract<Manifest, { kind: K }>;
  throw new Error('A converted image is of another kind');
}
