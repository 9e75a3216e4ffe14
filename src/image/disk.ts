import type { FileHandle } from 'node:fs/promises';
import { ImageError } from './failure.ts';

/**
 * Writes all of a chunk. One write(2) may take a part of it alone, as on a disk that fills up: the next then tells why.
 *
 * @param at where in the file; after what was written last where left out
 * @throws Error of Node, with its code
 */
export async function writeAll(
  file: Pick<FileHandle, 'write'>,
  chunk: Uint8Array,
  { at }: { readonly at?: number } = {},
): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const position = at === undefined ? null : at + done;
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position);
    done += bytesWritten;
  }
}

/** Does what writes to a path. @throws ImageError `DISK_FULL`, or what the work throws */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskFull(path, error) ?? error;
  }
}

/** What is told of a path that could not be written for want of space; undefined for any other failure. */
export function diskFull(path: string, cause: unknown): ImageError | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  const why = code === 'ENOSPC' ? 'no space is left on its disk' : 'a quota of its disk is used up';
  const hint = 'Free space there, or use another disk: TMPDIR says where large files are kept meanwhile';
  return new ImageError('DISK_FULL', `Cannot write "${path}": ${why}`, { hint, cause });
}
