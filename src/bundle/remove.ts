import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes a directory with all below it, also where one in it may not be written to. One that is not there is removed. */
export async function removeTree(directory: string): Promise<void> {
  await unlock(directory);
  await rm(directory, { recursive: true, force: true });
}

async function unlock(directory: string): Promise<void> {
  const isThere = await chmod(directory, 0o700).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlock(join(directory, entry.name));
  }
}
