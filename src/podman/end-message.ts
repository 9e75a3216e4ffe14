import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DesiredContainer } from '../model/desired.ts';
import { usualMessagePath } from '../model/names.ts';
import type { Context } from './context.ts';
import { filesDirectory, makeDirectory } from './files.ts';
import type { BindMount } from './mounts.ts';

/** Of a file, its end: so much of a message is read, in bytes (the kubelet, MaxContainerTerminationMessageLength). */
const longestMessage = 4096;

/**
 * The file that a container finds at its message path, beside the files of its pod: `STATE/files/UID/..ends/NAME`, which
 * goes with them. No volume has such a name.
 */
export function messageFile({ stateDir }: Pick<Context, 'stateDir'>, uid: string, container: string): string {
  return join(filesDirectory(stateDir, uid, '..ends'), container);
}

/** Makes the file, empty and writable by whatever user the container runs as: its parents are ours alone. */
export async function emptyMessage(context: Context, uid: string, container: string): Promise<void> {
  const path = messageFile(context, uid, container);
  await makeDirectory(dirname(path), 0o700);
  const file = await open(path, 'w', 0o600);
  try {
    await file.chmod(0o666);
  } finally {
    await file.close();
  }
}

/** Its mount; none where the container has a mount of its own there, or brings a whole /dev. */
export function messageMount(context: Context, uid: string, container: DesiredContainer): readonly BindMount[] {
  const { name, mounts, messagePath: destination = usualMessagePath } = container;
  if (mounts.some(({ path }) => path === destination || path === '/dev')) return [];
  return [{ destination, type: 'bind', source: messageFile(context, uid, name), options: ['rbind', 'rw', 'z'] }];
}

/** What a run left in the file; empty where it left nothing, and of a container that has no such file. */
export async function readMessage(
  context: Context,
  { uid, name, startedAtMs }: { readonly uid: string; readonly name: string; readonly startedAtMs: number },
): Promise<string> {
  const path = messageFile(context, uid, name);
  try {
    const { size, mtimeMs } = await stat(path);
    // What an earlier run left is not this one's: a boot unit starts it without emptying the file.
    if (size === 0 || mtimeMs < startedAtMs) return '';
    const file = await open(path, 'r');
    try {
      const length = Math.min(size, longestMessage);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
