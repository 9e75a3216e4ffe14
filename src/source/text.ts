import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Problem } from '../model/problem.ts';
import { fileProblem, isGone, unreadable } from './fault.ts';
import type { FoundFile } from './scan.ts';
import { type StatCache, statCache } from './stat-cache.ts';

/** Above this a file is not read: 5 MiB. */
export const maxFileBytes: number = 5 * 1024 * 1024;

/** What became of one file. */
export type TextResult =
  | { readonly type: 'text'; readonly text: string; readonly digest: string }
  | { readonly type: 'problem'; readonly problem: Problem }
  | { readonly type: 'gone' };

export interface TextReader {
  read(file: FoundFile, shown: string): TextResult;
  /** Forgets files that were not asked for since the last sweep. */
  sweep(): void;
}

/**
 * Reads manifests as UTF-8 text; a file that is the same as before is not read again.
 *
 * Synchronously: manifests are small, and a turn through Node's thread pool takes longer than the reading.
 *
 * @param now in ms since the epoch
 */
export function textReader(now: () => number): TextReader {
  const cache = statCache<TextResult>();
  return {
    read: (file, shown) => readText(file, { shown, now, cache }),
    sweep: () => cache.sweep(),
  };
}

interface ReadOptions {
  readonly shown: string;
  readonly now: () => number;
  readonly cache: StatCache<TextResult>;
}

function readText(file: FoundFile, opts: ReadOptions): TextResult {
  const refused = refuse(file.stat, opts.shown);
  if (refused !== undefined) return refused;
  const known = opts.cache.get(file.path, file.stat);
  if (known !== undefined) return known;
  const readAtMs = opts.now();
  let descriptor: number | undefined;
  try {
    // O_NONBLOCK: a fifo that takes the file's place must not hold us up, open(2).
    descriptor = openSync(file.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(descriptor, { bigint: true });
    const result = refuse(stat, opts.shown) ?? decode(descriptor, stat, opts.shown);
    opts.cache.set(file.path, stat, result, readAtMs);
    return result;
  } catch (error) {
    if (isGone(error)) return { type: 'gone' };
    return { type: 'problem', problem: unreadable(opts.shown, error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function refuse(stat: BigIntStats, shown: string): TextResult | undefined {
  if (!stat.isFile()) {
    const message = `Cannot read '${shown}': it is a ${kindOf(stat)}, not a file`;
    return { type: 'problem', problem: fileProblem(shown, 'FILE_UNREADABLE', message, 'Move it out of the directory') };
  }
  return stat.size > BigInt(maxFileBytes) ? tooLarge(shown, Number(stat.size)) : undefined;
}

function tooLarge(shown: string, bytes: number): TextResult {
  const message = `Cannot read '${shown}': it has ${bytes} bytes, at most ${maxFileBytes} are read`;
  return { type: 'problem', problem: fileProblem(shown, 'FILE_TOO_LARGE', message, 'Split it, or move it away') };
}

function kindOf(stat: BigIntStats): string {
  if (stat.isFIFO()) return 'fifo';
  if (stat.isSocket()) return 'socket';
  if (stat.isDirectory()) return 'directory';
  return 'device';
}

/** Reads one byte more than the stat says, so that a file which grows meanwhile is noticed and its text not cached. */
function decode(descriptor: number, stat: BigIntStats, shown: string): TextResult {
  const buffer = Buffer.allocUnsafe(Math.min(maxFileBytes, Number(stat.size) + 4096) + 1);
  let length = 0;
  while (length < buffer.length) {
    const bytesRead = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > maxFileBytes) return tooLarge(shown, length);
  return textOf(buffer.subarray(0, length), shown);
}

/** Bytes as UTF-8 text without a byte order mark; anything else is no manifest. */
export function textOf(bytes: Uint8Array, shown: string): TextResult {
  const fault = bytes.includes(0) ? 'it holds a NUL byte' : undefined;
  const text = fault === undefined ? utf8(bytes) : undefined;
  if (text === undefined) {
    const message = `Cannot read '${shown}' as text: ${fault ?? 'it is not valid UTF-8'}`;
    const hint = 'Save it as UTF-8, or give it a name that does not end in .yaml, .yml or .json';
    return { type: 'problem', problem: fileProblem(shown, 'FILE_NOT_TEXT', message, hint) };
  }
  return { type: 'text', text, digest: createHash('sha256').update(bytes).digest('hex') };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
