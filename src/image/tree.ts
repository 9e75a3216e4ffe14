import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../model/file-fault.ts';
import { readFault } from './disk.ts';
import { ImageError } from './failure.ts';

/** Files to be read by their names, of a directory or of an archive. */
export interface Tree {
  /** For messages: its path. */
  readonly name: string;
  /** Of one file, in bytes; undefined where it is not there. */
  size(name: string): Promise<number | undefined>;
  /** The bytes of one that is there, from its start; `limit` of them where that is less. */
  stream(name: string, limit?: number): AsyncIterable<Uint8Array>;
}

/** The files below a directory. Names come from digests, or from ourselves: none of them leads out. */
export function directoryTree(path: string): Tree {
  return {
    name: path,
    size: async name => {
      const found = await stat(join(path, name)).catch(() => undefined);
      return found?.isFile() ? found.size : undefined;
    },
    stream: (name, limit) => fileBytes(join(path, name), { start: 0, size: limit }),
  };
}

/** So many bytes of a file; all where `size` is left out. @throws ImageError `PATH_UNUSABLE` */
export async function* fileBytes(
  path: string,
  { start, size }: { readonly start: number; readonly size: number | undefined },
): AsyncGenerator<Uint8Array, void> {
  if (size === 0) return;
  const end = size === undefined ? {} : { end: start + size - 1 };
  try {
    yield* createReadStream(path, { start, ...end });
  } catch (error) {
    throw readFault(path, error) ?? error;
  }
}

/** Reads a small file whole; undefined where it is not there. @throws ImageError `LAYOUT_INVALID` where it is larger */
export async function readFrom(tree: Tree, name: string, limit: number): Promise<Uint8Array | undefined> {
  const size = await tree.size(name);
  if (size === undefined) return undefined;
  if (size > limit) {
    throw new ImageError('LAYOUT_INVALID', `Cannot read "${name}" in "${tree.name}": it has more than ${limit} bytes`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.stream(name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The first bytes of a file. */
export async function startOf(tree: Tree, name: string, count: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.stream(name, count)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Whether something is there at all. @throws ImageError `IMAGE_NOT_FOUND` */
export async function needThere(path: string): Promise<void> {
  const file = await open(path).catch((cause: Error) => {
    const hint = 'Check the path and its permissions';
    throw new ImageError('IMAGE_NOT_FOUND', `Cannot read "${path}": ${reasonOf(cause)}`, { hint, cause });
  });
  await file.close();
}
