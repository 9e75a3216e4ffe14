import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { filesDirectory } from './files.ts';

/** A file of ours, below the volume that it stands in. */
export interface PodFile {
  readonly uid: string;
  readonly volume: string;
  readonly path: string;
}

/** What stands in a file of a pod's volume; undefined where it cannot be read, or would lie outside of the volume. */
export async function readPodFile(
  { stateDir }: Pick<Context, 'stateDir'>,
  { uid, volume, path }: PodFile,
): Promise<Uint8Array | undefined> {
  const directory = join(filesDirectory(stateDir, uid, volume), '..data');
  const file = join(directory, path);
  return file.startsWith(`${directory}/`) ? readFile(file).catch(() => undefined) : undefined;
}
