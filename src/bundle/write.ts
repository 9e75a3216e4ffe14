import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from '../durable.ts';
import { convert } from '../image/convert.ts';
import { type ContentDigest, checked, digestOf } from '../image/digest.ts';
import { onDisk, writeContent } from '../image/disk.ts';
import { ImageError } from '../image/failure.ts';
import { blobPath, layoutVersion, refName } from '../image/layout.ts';
import type { Manifest } from '../image/manifest.ts';
import { beside } from '../image/sink.ts';
import { type TarMember, tarStream } from '../image/tar.ts';
import { fileBytes } from '../image/tree.ts';
import { untilStopped } from '../image/until-stopped.ts';
import { type Contents, contentsPath, manifestsPath, type Part, writeContents } from './contents.ts';
import type { Fetched } from './fetch.ts';
import type { FilePart } from './open.ts';

/** What a bundle is made of. */
export interface BundleInput {
  /** Holds `blobs/`, as images were fetched, and `manifests/`. */
  readonly directory: string;
  readonly platform: string;
  readonly revision: string;
  readonly images: readonly Fetched[];
  /** Of `manifests/`, paths below it. */
  readonly manifests: readonly Part[];
  readonly base: { readonly digest: ContentDigest; readonly has: (digest: ContentDigest) => boolean } | undefined;
}

/** A file of a bundle and its bytes, where it lies in no directory. */
interface Small {
  readonly part: FilePart;
  readonly bytes: Uint8Array;
}

/** What a bundle came to. */
export interface Written {
  readonly digest: ContentDigest;
  readonly contents: Contents;
  /** Of the file, in bytes. */
  readonly size: number;
}

/** Refuses to write over anything. @throws ImageError `TARGET_TAKEN` */
export async function needFree(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) === undefined) return;
  const hint = 'Remove it first, or name another: a bundle is never changed';
  throw new ImageError('TARGET_TAKEN', `Cannot write "${path}": it is there already`, { hint });
}

/**
 * Writes a bundle in one pass beside its place, and renames it once all of it is on disk. The same input gives the same
 * bytes.
 *
 * @throws ImageError `TARGET_TAKEN`, `CONTENT_WRONG`, `DISK_FULL`
 */
export async function writeBundle(path: string, input: BundleInput, signal: AbortSignal): Promise<Written> {
  await needFree(path);
  const small = smallFiles(input.images);
  const { blobs, absent } = blobsOf(input, small);
  const parts = [...small.map(({ part }) => part), ...blobs, ...input.manifests.map(below)].toSorted(byPath);
  const { platform, revision, base } = input;
  const images = input.images.map(({ reference, top, image }) => ({
    ...{ reference, digest: top.digest, manifest: image.digest },
  }));
  const contents: Contents = { format: 1, platform, revision, base: base?.digest, images, parts, absent };
  const bytes = writeContents(contents);
  const bytesOf = new Map(small.map(each => [each.part.path, each.bytes]));
  const members = parts.map(part => memberOf(part, input.directory, bytesOf.get(part.path)));
  const own: TarMember = {
    type: 'file',
    path: contentsPath,
    mode: 0o644,
    size: bytes.length,
    content: () => once(bytes),
  };
  const size = await onDisk(path, () => writeFile(path, [...members, own].toSorted(byPath), signal));
  return { digest: digestOf(bytes), contents, size };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function below(part: Part): Part {
  return { ...part, path: `${manifestsPath}/${part.path}` };
}

/**
 * Manifests of images, and what makes the bundle an OCI layout. OCI's tools pass over images of Docker's format, so that
 * for those another manifest with the same blobs stands beside the one that digests name.
 */
function smallFiles(images: readonly Fetched[]): readonly Small[] {
  const files = new Map<string, Uint8Array>();
  const put = ({ digest, bytes }: Manifest): void => void files.set(blobPath(digest), bytes);
  const named = images.map(({ reference, top, image }) => {
    const oci = convert({ images: [image], top }, 'oci');
    for (const each of [top, image, oci.top, ...oci.images]) put(each);
    const { mediaType, digest, bytes } = oci.top;
    return { mediaType, digest, size: bytes.length, annotations: { [refName]: reference } };
  });
  files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: named })));
  files.set('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: layoutVersion })));
  return [...files].map(([path, bytes]) => ({
    part: { type: 'file', path, mode: 0o644, size: bytes.length, digest: digestOf(bytes) },
    bytes,
  }));
}

function blobsOf(
  { images, base }: BundleInput,
  small: readonly Small[],
): { readonly blobs: readonly FilePart[]; readonly absent: Contents['absent'] } {
  const blobs = new Map<string, FilePart>();
  const absent = new Map<string, Contents['absent'][number]>();
  const taken = new Set(small.map(({ part }) => part.path));
  for (const { image } of images) {
    for (const { digest, size } of [image.config, ...image.layers]) {
      const path = blobPath(digest);
      if (digest !== image.config.digest && base?.has(digest)) absent.set(digest, { digest, size });
      else if (!taken.has(path)) blobs.set(path, { type: 'file', path, mode: 0o644, size, digest });
    }
  }
  const sorted = [...absent.values()].toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  return { blobs: [...blobs.values()], absent: sorted };
}

function memberOf(part: Part, directory: string, bytes: Uint8Array | undefined): TarMember {
  if (part.type !== 'file') return part;
  const path = join(directory, part.path);
  const content = (): AsyncIterable<Uint8Array> =>
    bytes === undefined ? checked(fileBytes(path, { start: 0, size: undefined }), part, `"${path}"`) : once(bytes);
  return { ...part, content };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

/** For its owner alone: manifests hold Secrets. */
async function writeFile(path: string, members: readonly TarMember[], signal: AbortSignal): Promise<number> {
  const temporary = beside(path);
  const file = await open(temporary, 'wx', 0o600);
  try {
    const size = await writeContent(file, untilStopped(tarStream(members), signal));
    await file.sync();
    await file.close();
    await rename(temporary, path);
    await syncPath(dirname(path));
    return size;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** What a file is, for a part of a bundle. */
export async function partOf(path: string, full: string): Promise<FilePart> {
  const [{ mode }, bytes] = await Promise.all([stat(full), readFile(full)]);
  return { type: 'file', path, mode: mode & 0o777, size: bytes.length, digest: digestOf(bytes) };
}
