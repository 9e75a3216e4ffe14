import { archiveTree } from './archive.ts';
import { type ContentDigest, checkBytes, checked, digestParts } from './digest.ts';
import { ImageError } from './failure.ts';
import { isRecord, list, parseJson, record, text, type Unread } from './json.ts';
import { type Descriptor, type ImageIndex, largestDocument, type Manifest, parseManifest } from './manifest.ts';
import { ociIndex } from './media.ts';
import { archiveSink, directorySink, writeBytes, writeJson } from './sink.ts';
import type { ImageSource } from './source.ts';
import type { ImageTarget } from './target.ts';
import { formatPlace, type Place } from './transport.ts';
import { directoryTree, needThere, readFrom, type Tree } from './tree.ts';

type LayoutPlace = Extract<Place, { readonly ref: string | undefined }>;

/** What names an image in a layout (OCI image-spec, annotations.md). */
export const refName = 'org.opencontainers.image.ref.name';
/** What the file `oci-layout` says (OCI image-spec, image-layout.md). */
export const layoutVersion = '1.0.0';

/** Where a blob lies (OCI image-spec, image-layout.md). */
export function blobPath(digest: ContentDigest): string {
  const { algorithm, hex } = digestParts(digest);
  return `blobs/${algorithm}/${hex}`;
}

/** Reads an image in OCI's layout, in a directory or a tar archive. @throws ImageError */
export async function layoutSource(place: LayoutPlace): Promise<ImageSource> {
  await needThere(place.path);
  const tree = place.transport === 'oci' ? directoryTree(place.path) : await archiveTree(place.path);
  await checkVersion(tree);
  const name = formatPlace(place);

  const manifest = async ({ digest, mediaType, size }: Descriptor): Promise<Manifest> => {
    const what = `${digest} of "${name}"`;
    const bytes = await readFrom(tree, blobPath(digest), largestDocument);
    if (bytes === undefined) throw missing(what);
    checkBytes(bytes, { digest, size }, what);
    return parseManifest(bytes, mediaType, what);
  };
  return {
    place,
    repository: undefined,
    top: async () => manifest(named(await readIndex(tree), place)),
    manifest,
    blob: descriptor => blobIn(tree, descriptor, name),
    close: async () => undefined,
  };
}

async function* blobIn(tree: Tree, descriptor: Descriptor, name: string): AsyncGenerator<Uint8Array, void> {
  const path = blobPath(descriptor.digest);
  const what = `${descriptor.digest} of "${name}"`;
  if ((await tree.size(path)) === undefined) throw missing(what);
  yield* checked(tree.stream(path), descriptor, what);
}

function missing(what: string): ImageError {
  return new ImageError('LAYOUT_INVALID', `Cannot find ${what}`, { hint: 'Copy the image there again' });
}

async function checkVersion(tree: Tree): Promise<void> {
  const bytes = await readFrom(tree, 'oci-layout', largestDocument);
  const version = bytes && text(record(parseJson(bytes, `oci-layout of "${tree.name}"`)).imageLayoutVersion);
  if (version?.startsWith('1.')) return;
  const hint = 'See that it has a file "oci-layout", or use another transport';
  throw new ImageError('LAYOUT_INVALID', `Cannot read "${tree.name}": it is no OCI layout of version 1`, { hint });
}

async function readIndex(tree: Tree): Promise<ImageIndex> {
  const bytes = await readFrom(tree, 'index.json', largestDocument);
  const what = `index.json of "${tree.name}"`;
  if (bytes === undefined) throw missing(what);
  const index = parseManifest(bytes, ociIndex, what);
  if (index.kind === 'index') return index;
  throw new ImageError('LAYOUT_INVALID', `Cannot read ${what}: expected an index`);
}

/** The image that is asked for; without a name, the only one. @throws ImageError `IMAGE_NOT_FOUND`, with what there is */
function named(index: ImageIndex, place: LayoutPlace): Descriptor {
  const nameOf = (one: Descriptor): string | undefined => one.annotations?.[refName];
  const fits = place.ref === undefined ? index.manifests : index.manifests.filter(one => nameOf(one) === place.ref);
  const [only, ...more] = fits;
  if (only !== undefined && more.length === 0) return only;
  const names = index.manifests.flatMap(one => nameOf(one) ?? []);
  const found = only === undefined ? 'it is not there' : 'it names more than one image';
  throw new ImageError('IMAGE_NOT_FOUND', `Cannot read "${formatPlace(place)}": ${found}`, {
    hint: names.length === 0 ? 'No image there has a name' : `There is ${names.slice(0, 20).join(', ')}`,
  });
}

/**
 * Writes an image in OCI's layout. A directory may hold others, which stay; an archive is made anew. `index.json` is
 * written last: before that no reader finds the image.
 */
export async function layoutTarget(place: LayoutPlace): Promise<ImageTarget> {
  const isArchive = place.transport === 'oci-archive';
  const sink = isArchive ? await archiveSink(place.path) : directorySink(place.path);
  const old = isArchive ? {} : await oldIndex(directoryTree(place.path));
  let top: Manifest | undefined;
  return {
    place,
    holds: 'oci',
    repository: undefined,
    check: () => undefined,
    has: ({ digest }) => sink.has(blobPath(digest)),
    put: async ({ digest }, content) => {
      await sink.write(blobPath(digest), content());
      return 'sent';
    },
    putManifest: async (manifest, isTop) => {
      if (isTop) top = manifest;
      await writeBytes(sink, blobPath(manifest.digest), manifest.bytes);
    },
    commit: async () => {
      if (top === undefined) return;
      await writeJson(sink, 'oci-layout', { imageLayoutVersion: layoutVersion });
      await writeJson(sink, 'index.json', withImage(old, top, place.ref));
      await sink.finish();
    },
    close: () => sink.close(),
  };
}

async function oldIndex(tree: Tree): Promise<Readonly<Record<string, Unread>>> {
  const bytes = await readFrom(tree, 'index.json', largestDocument);
  if (bytes === undefined) return {};
  await checkVersion(tree);
  const document = parseJson(bytes, `index.json of "${tree.name}"`);
  return isRecord(document) ? document : {};
}

/** The index with one more image: what had its name, or was the same without one, makes room. */
function withImage(
  old: Readonly<Record<string, Unread>>,
  { mediaType, digest, bytes }: Manifest,
  ref: string | undefined,
): unknown {
  const others = list(old.manifests).filter(each => {
    const name = record(record(each).annotations)[refName];
    return ref === undefined ? name !== undefined || record(each).digest !== digest : name !== ref;
  });
  const annotations = ref === undefined ? {} : { annotations: { [refName]: ref } };
  return {
    schemaVersion: 2,
    ...old,
    manifests: [...others, { mediaType, digest, size: bytes.length, ...annotations }],
  };
}
