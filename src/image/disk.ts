import type { FileHandle } from 'node:fs/promises';

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
