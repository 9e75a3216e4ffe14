import type { FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileFault } from '../model/file-fault.ts';
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

/** A content is written in pieces of about so many: each write goes to another thread, at a price. */
const pieceBytes = 256 * 1024;

/**
 * Writes a content as it comes, several of its chunks at once.
 *
 * @param at where in the file; after what was written last where left out
 * @returns how many bytes it had
 * @throws what the content throws, and Error of Node, with its code
 */
export async function writeContent(
  file: Pick<FileHandle, 'writev'>,
  content: AsyncIterable<Uint8Array>,
  { at }: { readonly at?: number } = {},
): Promise<number> {
  let done = 0;
  let chunks: Uint8Array[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    await writeChunks(file, chunks, at === undefined ? undefined : at + done);
    done += size;
    chunks = [];
    size = 0;
  };
  for await (const chunk of content) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= pieceBytes) await flush();
  }
  await flush();
  return done;
}

/** Writes all of some chunks. One writev(2) may take a part of them alone, as write(2) may. */
async function writeChunks(
  file: Pick<FileHandle, 'writev'>,
  chunks: readonly Uint8Array[],
  at: number | undefined,
): Promise<void> {
  let rest = chunks.filter(({ length }) => length > 0);
  for (let done = 0; rest.length > 0; ) {
    const { bytesWritten } = await file.writev(rest, at === undefined ? undefined : at + done);
    done += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

function after(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  return chunks.flatMap(chunk => {
    const passed = Math.min(skip, chunk.length);
    skip -= passed;
    return passed === chunk.length ? [] : [chunk.subarray(passed)];
  });
}

/** Does what writes to a path. @throws ImageError `DISK_FULL`, `PATH_UNUSABLE`, or what the work throws */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskFault(path, error) ?? error;
  }
}

/** Does what reads a path. @throws ImageError `PATH_UNUSABLE`, or what the work throws */
export async function readingFrom<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw readFault(path, error) ?? error;
  }
}

/** What is told of a path that could not be written; undefined for a failure of anything else. */
export function diskFault(path: string, cause: unknown): ImageError | undefined {
  const fault = fileFault(cause);
  if (fault === undefined) return undefined;
  const isFull = fault.code === 'ENOSPC' || fault.code === 'EDQUOT';
  if (!isFull && fault.path !== undefined && !isAbout(path, fault.path)) return undefined;
  const { why, hint } = fault;
  return new ImageError(isFull ? 'DISK_FULL' : 'PATH_UNUSABLE', `Cannot write "${path}": ${why}`, { hint, cause });
}

/** The same of one that could not be read. */
export function readFault(path: string, cause: unknown): ImageError | undefined {
  const fault = fileFault(cause);
  if (fault === undefined) return undefined;
  const { why, hint } = fault;
  return new ImageError('PATH_UNUSABLE', `Cannot read "${path}": ${why}`, { hint, cause });
}

/** Whether a failure is of the path, of what is made of it beside it or below it, or of a directory that it lies in. */
function isAbout(path: string, failed: string): boolean {
  const [whole, other] = [resolve(path), resolve(failed)];
  return other.startsWith(dirname(whole)) || whole.startsWith(other);
}
