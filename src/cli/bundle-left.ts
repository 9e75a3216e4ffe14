import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../bundle/remove.ts';
import { bytes } from '../model/size.ts';
import type { Context } from './context.ts';

/**
 * Fetches into a directory. Where that fails, or is stopped, what came is kept and told of, as the next try needs it;
 * without any blob nothing is left.
 */
export async function keepingFetched<T>(
  { terminal }: Pick<Context, 'terminal'>,
  directory: string,
  fetch: () => Promise<T>,
): Promise<T> {
  try {
    return await fetch();
  } catch (error) {
    const sizes = await blobSizes(join(directory, 'blobs/sha256')).catch(() => []);
    if (sizes.length === 0) await removeTree(directory).catch(() => undefined);
    else {
      const size = bytes(sizes.reduce((sum, each) => sum + each, 0));
      const what = `${sizes.length} ${sizes.length === 1 ? 'blob' : 'blobs'}, ${size}`;
      terminal.err(`Kept in ${directory} what was fetched: ${what}. The same command goes on from there\n`);
    }
    throw error;
  }
}

/** Of those that are whole, in bytes. */
async function blobSizes(directory: string): Promise<readonly number[]> {
  const names = (await readdir(directory)).filter(name => /^[0-9a-f]+$/.test(name));
  return Promise.all(names.map(async name => (await stat(join(directory, name))).size));
}
