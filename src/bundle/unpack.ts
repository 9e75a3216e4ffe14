import { chmod, mkdir, open, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../durable.ts';
import { onDisk, writeContent } from '../image/disk.ts';
import { beside } from '../image/sink.ts';
import { manifestsPath } from './contents.ts';
import type { Bundle } from './open.ts';
import { removeTree } from './remove.ts';

/**
 * Unpacks the manifests of a bundle, and what images are built from, into a directory, in place of what it held. It is
 * made beside and renamed, so that it never looks half done.
 *
 * Paths were checked as the bundle was opened: none leads out, and links, made last, are never written through.
 *
 * @throws ImageError `CONTENT_WRONG`, `DISK_FULL`; then what it held is there still
 */
export async function unpackManifests(bundle: Bundle, directory: string): Promise<void> {
  await onDisk(directory, () => replaceWith(bundle, directory));
}

async function replaceWith(bundle: Bundle, directory: string): Promise<void> {
  await makeDirectory(dirname(directory), { mode: 0o700 });
  const temporary = beside(directory);
  try {
    await mkdir(temporary, { mode: 0o700 });
    await writeParts(bundle, temporary);
    // rename(2) takes the place of an empty directory alone.
    await removeTree(directory);
    await rename(temporary, directory);
  } catch (error) {
    await removeTree(temporary);
    throw error;
  }
}

async function writeParts(bundle: Bundle, directory: string): Promise<void> {
  const parts = bundle.contents.parts.filter(({ path }) => path.startsWith(`${manifestsPath}/`));
  const placeOf = (path: string): string => join(directory, path.slice(manifestsPath.length + 1));
  for (const part of parts) {
    const place = placeOf(part.path);
    await makeDirectory(part.type === 'directory' ? place : dirname(place), { mode: 0o700 });
    if (part.type !== 'file') continue;
    const file = await open(place, 'wx', 0o600);
    try {
      await writeContent(file, bundle.read(part));
      await file.chmod(part.mode);
    } finally {
      await file.close();
    }
  }
  for (const part of parts) if (part.type === 'link') await symlink(part.target, placeOf(part.path));
  // The deepest first: one that nobody may write to would keep what is below it out.
  for (const part of parts.toReversed()) if (part.type === 'directory') await chmod(placeOf(part.path), part.mode);
}
