import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** How temporary files of ours end: no service manager takes them for its own, and nobody else names files so. */
const temporaryEnd = '.podstead-tmp';
/** Older than this a temporary file belongs to a writer that died: ms. */
const staleMs = 60_000;

/**
 * Writes a file so that after a crash or a power cut it is either as before or as given: a temporary file beside it,
 * fsync, rename(2), fsync of the directory. A directory that is missing is made with mode 0700.
 *
 * @param mode of the file, whatever the umask; by default 0600
 * @throws Error of Node, with its code
 */
export async function writeDurably(
  path: string,
  text: string,
  { mode = 0o600 }: { readonly mode?: number } = {},
): Promise<void> {
  await makeDirectory(dirname(path), { mode: 0o700 });
  const temporary = temporaryFor(path);
  try {
    await writeSynced(temporary, text, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncPath(dirname(path));
}

/**
 * Makes a file that everybody may read, whole or not at all, and never over another: link(2) fails with EEXIST.
 *
 * @throws Error of Node, with its code
 */
export async function createDurably(path: string, content: string | Uint8Array): Promise<void> {
  await makeDirectory(dirname(path));
  const temporary = temporaryFor(path);
  try {
    await writeSynced(temporary, content, 0o644);
    await link(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncPath(dirname(path));
}

/**
 * Makes a directory, and those above it that are missing, all with the mode. Not by Node's own `recursive`, which goes
 * round for ever below /proc: making one fails there as if the directory above it were missing (seen with Node 20).
 *
 * @throws Error of Node, with its code
 */
export async function makeDirectory(path: string, { mode }: { readonly mode?: number } = {}): Promise<void> {
  const make = (): Promise<void> => mkdir(path, mode === undefined ? {} : { mode }).then(() => undefined);
  try {
    await make();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeDirectory(dirname(path), mode === undefined ? {} : { mode });
      // Another may have made it meanwhile.
      await make().catch(again => needDirectory(path, again));
    } else await needDirectory(path, error);
  }
}

/** Whatever mkdir(2) said, as of a file system that can only be read: what is there already is as good. */
async function needDirectory(path: string, error: unknown): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) throw error;
}

/** Removes a file for good; one that is not there is removed already. */
export async function removeDurably(path: string): Promise<void> {
  const known = await stat(dirname(path)).catch(() => undefined);
  if (known === undefined) return;
  await rm(path, { force: true });
  await syncPath(dirname(path));
}

/** Makes what was written to a file, or renamed and removed in a directory, last: fsync(2) of a file alone keeps no name. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await closing(handle, () => handle.sync());
}

/** Removes what writers that were killed left in a directory. */
export async function removeStale(directory: string, nowMs: number): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith('.') || !name.endsWith(temporaryEnd)) continue;
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > staleMs) await rm(path, { force: true });
  }
}

function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}${temporaryEnd}`);
}

async function writeSynced(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  await closing(file, async () => {
    await file.writeFile(content);
    // Set once written and not through open's mode, which the umask narrows.
    await file.chmod(mode);
    await file.sync();
  });
}

async function closing(handle: FileHandle, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } finally {
    await handle.close();
  }
}
