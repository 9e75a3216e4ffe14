import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signalled } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { inspectVolume } from './volume.ts';

/** stat(2): st_blocks counts units of 512 bytes, whatever the file system's own are. */
const blockBytes = 512;

/** Bytes on disk of a volume, as du counts them; undefined where it is not there or a part cannot be looked into. */
export async function volumeBytes(context: Context, name: string, { signal }: Signalled): Promise<number | undefined> {
  const found = await inspectVolume(context, name, signal);
  if (found === undefined) return undefined;
  try {
    return await bytesBelow(found.mountpoint, new Set(), signal);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Files with several names count once. */
async function bytesBelow(path: string, seen: Set<string>, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const found = await lstat(path).catch(goneIsNothing);
  if (found === undefined) return 0;
  const id = `${found.dev}:${found.ino}`;
  if (seen.has(id)) return 0;
  seen.add(id);
  let bytes = found.blocks * blockBytes;
  if (!found.isDirectory()) return bytes;
  for (const name of (await readdir(path).catch(goneIsNothing)) ?? [])
    bytes += await bytesBelow(join(path, name), seen, signal);
  return bytes;
}

/** What works in the volume goes on while we count. */
function goneIsNothing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
