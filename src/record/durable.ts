import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that after a crash or a power cut it is either as before or as given: a temporary file beside it,
 * fsync, rename(2), fsync of the directory. The file has mode 0600, a directory that is missing is made with 0700.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

/**
 * Makes a file that everybody may read, whole or not at all, and never over another: link(2) fails with EEXIST.
 *
 * @throws Error of Node, with its code
 */
export async function createDurably(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(directory);
}

/** Removes a file for good; one that is not there is removed already. */
export async function removeDurably(path: string): Promise<void> {
  const known = await stat(dirname(path)).catch(() => undefined);
  if (known === undefined) return;
  await rm(path, { force: true });
  await syncDirectory(dirname(path));
}

/** Makes renames and removals in a directory last: fsync(2) of the file alone does not. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Older than this a temporary file belongs to a writer that died: ms. */
const staleMs = 60_000;

/** Removes what writers that were killed left in a directory. */
export async function removeStale(directory: string, nowMs: number): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith('.') || !name.endsWith('.tmp')) continue;
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > staleMs) await rm(path, { force: true });
  }
}
