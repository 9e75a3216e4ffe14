import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Header } from 'tar';
import { makeDirectory, syncPath } from '../durable.ts';
import { onDisk, writeAll, writeContent } from './disk.ts';
import { ImageError } from './failure.ts';
import { removedAtExit } from './leftover.ts';

/** Where files of an image are written by their names. Nothing looks whole before `finish`. A full disk is `DISK_FULL`. */
export interface Sink {
  has(name: string): Promise<boolean>;
  /**
   * Writes one file, which is there once all its bytes are: content that fails leaves nothing of that name.
   *
   * @param name told once the content is at its end, as it may depend on it
   */
  write(name: string | (() => string), content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Makes it last. */
  finish(): Promise<void>;
  /** Takes away what was not finished. */
  close(): Promise<void>;
}

/** A name beside `path` that nobody has. */
export function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/**
 * Files below a directory that may be in use: each appears whole, under its name. Made where it is missing.
 *
 * @param shown what failures call it, where it is a directory in the making
 */
export function directorySink(path: string, shown: string = path): Sink {
  return {
    has: async name => (await stat(join(path, name)).catch(() => undefined))?.isFile() ?? false,
    write: (name, content) => onDisk(shown, () => writeWhole(path, name, content)),
    finish: () => onDisk(shown, () => syncPath(path)),
    close: async () => undefined,
  };
}

async function writeWhole(
  directory: string,
  name: string | (() => string),
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const first = join(directory, typeof name === 'string' ? name : 'file');
  await makeDirectory(dirname(first));
  const temporary = beside(first);
  const forget = removedAtExit(temporary);
  try {
    await writeSynced(temporary, content);
    await rename(temporary, join(directory, typeof name === 'string' ? name : name()));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    forget();
  }
}

async function writeSynced(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await writeContent(file, content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a small file. */
export async function writeBytes(sink: Sink, name: string, bytes: Uint8Array): Promise<void> {
  await sink.write(name, once(bytes));
}

export async function writeJson(sink: Sink, name: string, value: unknown): Promise<void> {
  await writeBytes(sink, name, Buffer.from(JSON.stringify(value)));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

const block = 512;

/**
 * A tar archive, written in one pass beside its place; files go in one after the other, whoever asks at once. The same
 * files in the same order give the same bytes.
 *
 * @throws ImageError `TARGET_TAKEN` where something has its name
 */
export async function archiveSink(path: string): Promise<Sink> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) {
    const hint = 'Remove it first, or name another: an archive is never changed';
    throw new ImageError('TARGET_TAKEN', `Cannot write "${path}": it is there already`, { hint });
  }
  const temporary = beside(path);
  const file = await onDisk(path, () => open(temporary, 'wx', 0o644));
  const forget = removedAtExit(temporary);
  const written = new Set<string>();
  let end = 0;
  let turn: Promise<void> = Promise.resolve();

  async function append(name: string | (() => string), content: AsyncIterable<Uint8Array>): Promise<void> {
    const size = await writeContent(file, content, { at: end + block });
    // Last, so that it tells the size that was found, and bytes that failed are written over.
    const full = typeof name === 'string' ? name : name();
    await writeAll(file, headerOf(full, size), { at: end });
    written.add(full);
    end += block + Math.ceil(size / block) * block;
  }

  async function finish(): Promise<void> {
    await file.truncate(end);
    await file.truncate(end + 2 * block);
    await file.sync();
    await rename(temporary, path);
    await syncPath(dirname(path));
  }

  return {
    has: async name => written.has(name),
    write: (name, content) => {
      const mine = turn.then(() => onDisk(path, () => append(name, content)));
      turn = mine.catch(() => undefined);
      return mine;
    },
    finish: () => onDisk(path, finish),
    close: async () => {
      await discard(file, temporary);
      forget();
    },
  };
}

async function discard(file: FileHandle, temporary: string): Promise<void> {
  await file.close();
  await rm(temporary, { force: true });
}

function headerOf(path: string, size: number): Buffer {
  const header = new Header({ path, size, mode: 0o644, uid: 0, gid: 0, type: 'File', mtime: new Date(0) });
  const buffer = Buffer.alloc(block);
  // True where a name or size needs an extended header; sizes above 8 GiB go in base 256.
  header.encode(buffer, 0);
  return buffer;
}
