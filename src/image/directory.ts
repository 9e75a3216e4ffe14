import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory, syncPath } from '../durable.ts';
import { checkBytes, checked, digestParts } from './digest.ts';
import { diskFault, onDisk } from './disk.ts';
import { ImageError } from './failure.ts';
import { removedAtExit } from './leftover.ts';
import { type Descriptor, largestDocument, type Manifest, parseManifest } from './manifest.ts';
import { directoryKeeper } from './signature-keeper.ts';
import { beside, directorySink, writeBytes } from './sink.ts';
import type { ImageSource } from './source.ts';
import type { ImageTarget } from './target.ts';
import type { Place } from './transport.ts';
import { directoryTree, needThere, readFrom } from './tree.ts';

type DirectoryPlace = Extract<Place, { transport: 'dir' }>;

/** The first line of the file `version`; containers/image writes 1.1 and reads every 1.x. */
const versionLine = 'Directory Transport Version: 1.1\n';

function hexOf({ digest }: { readonly digest: string }): string {
  return digestParts(digest).hex;
}

/** Reads what skopeo's `dir:` wrote: `manifest.json`, blobs by their hex, and `HEX.manifest.json` of an index's images. */
export async function directorySource(place: DirectoryPlace): Promise<ImageSource> {
  await needThere(place.path);
  const tree = directoryTree(place.path);

  const read = async (name: string): Promise<Uint8Array> => {
    const bytes = await readFrom(tree, name, largestDocument);
    if (bytes !== undefined) return bytes;
    const hint = 'See that it is the directory of an image, written by dir:';
    throw new ImageError('LAYOUT_INVALID', `Cannot find "${name}" in "${place.path}"`, { hint });
  };
  return {
    place,
    repository: undefined,
    top: async () => parseManifest(await read('manifest.json'), undefined, `manifest.json of "${place.path}"`),
    manifest: async descriptor => {
      const what = `${descriptor.digest} of "${place.path}"`;
      const bytes = await read(`${hexOf(descriptor)}.manifest.json`);
      checkBytes(bytes, descriptor, what);
      return parseManifest(bytes, descriptor.mediaType, what);
    },
    blob: descriptor => blobOf(place, descriptor),
    close: async () => undefined,
  };
}

async function* blobOf(place: DirectoryPlace, descriptor: Descriptor): AsyncGenerator<Uint8Array, void> {
  const tree = directoryTree(place.path);
  const what = `${descriptor.digest} of "${place.path}"`;
  if ((await tree.size(hexOf(descriptor))) === undefined) {
    throw new ImageError('LAYOUT_INVALID', `Cannot find ${what}`, { hint: 'Copy the image there again' });
  }
  yield* checked(tree.stream(hexOf(descriptor)), descriptor, what);
}

/**
 * Writes an image as files of a directory, made beside its place and put there whole; an image that was there goes.
 *
 * @throws ImageError `TARGET_TAKEN` where something else is there, `DISK_FULL`
 */
export async function directoryTarget(place: DirectoryPlace): Promise<ImageTarget> {
  await needFree(place.path);
  const making = beside(place.path);
  const forget = removedAtExit(making);
  await onDisk(place.path, () => makeDirectory(making));
  const sink = directorySink(making, place.path);
  return {
    place,
    holds: 'any',
    repository: undefined,
    signatures: directoryKeeper(making, true),
    check: () => undefined,
    has: blob => sink.has(hexOf(blob)),
    put: async (blob, content) => {
      await sink.write(hexOf(blob), content());
      return 'sent';
    },
    putManifest: (manifest: Manifest, isTop) =>
      writeBytes(sink, isTop ? 'manifest.json' : `${hexOf(manifest)}.manifest.json`, manifest.bytes),
    commit: async () => {
      await writeBytes(sink, 'version', Buffer.from(versionLine));
      await sink.finish();
      await onDisk(place.path, () => replace(making, place.path));
    },
    close: async () => {
      await rm(making, { recursive: true, force: true });
      forget();
    },
  };
}

/** Only an image makes room for another one, and an empty directory. */
async function needFree(path: string): Promise<void> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw (error.code === 'ENOTDIR' ? undefined : diskFault(path, error)) ?? taken(path);
  });
  const version = await readFile(join(path, 'version'), 'utf8').catch(() => '');
  if (names.length > 0 && !version.startsWith('Directory Transport Version: 1.')) throw taken(path);
}

function taken(path: string): ImageError {
  const hint = 'Remove it first, or name another directory';
  return new ImageError('TARGET_TAKEN', `Cannot write "${path}": something is there that is no image of dir:`, {
    hint,
  });
}

/** rename(2) takes the place of an empty directory alone: what is there steps aside first. */
async function replace(made: string, path: string): Promise<void> {
  const old = beside(path);
  const stoodThere = await rename(path, old).then(
    () => true,
    () => false,
  );
  await rename(made, path);
  await syncPath(dirname(path));
  if (stoodThere) await rm(old, { recursive: true, force: true });
}
