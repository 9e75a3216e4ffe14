import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, chown, type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { getuid } from 'node:process';
import { promisify } from 'node:util';
import { EngineError, type Signalled } from '../engine/engine.ts';

/** What the group may do with the files. */
export type GroupAccess = 'read' | 'write';

/** Handles that name a file and open nothing: not of a FIFO, not of a device, not what a link leads to. */
const asName = 0o10000000 | constants.O_NOFOLLOW;
const setgid = 0o2000;
const ofGroup = { read: 0o040, write: 0o060, search: 0o010 };

/**
 * Gives a directory and all below it to a group, as the kubelet does for fsGroup (pkg/volume/volume_linux.go): the
 * group may read (and write), and what is made in its directories is the group's, too. Links are given, never followed,
 * though programs that run may put some there meanwhile.
 *
 * @param root absolute path of a volume's directory
 * @throws EngineError `REFUSED` where the file system or our rights do not allow it
 */
export async function giveToGroup(
  root: string,
  gid: number,
  access: GroupAccess,
  { signal }: Signalled,
): Promise<void> {
  try {
    if (isRootless()) return await giveInUserNamespace(root, gid, access, signal);
    const handle = await open(root, asName);
    try {
      await give(handle, gid, access, signal);
    } finally {
      await handle.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    const why = whyOf(error);
    const hint = 'See that the volume takes owners and modes, or leave out securityContext.fsGroup';
    throw new EngineError('REFUSED', `Cannot give "${root}" to group ${gid}: ${why}`, { hint, cause: error });
  }
}

/** A program that failed said why on its last line. */
function whyOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : undefined;
  return said || (error instanceof Error ? error.message : String(error));
}

/** Whether a directory is the group's already, as far as it alone tells (kubelet, OnRootMismatch). */
export async function isOfGroup(root: string, gid: number): Promise<boolean> {
  const found = await stat(root);
  const needed = ofGroup.write | ofGroup.search | setgid;
  return found.gid === gid && (found.mode & needed) === needed;
}

/** Whether files of other users are ours to give only inside the user namespace of our containers. */
export function isRootless(): boolean {
  return getuid?.() !== 0;
}

async function give(handle: FileHandle, gid: number, access: GroupAccess, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const found = await handle.stat();
  if (found.isDirectory()) await giveBelow(handle, gid, access, signal);
  await chown(pathOf(handle), -1, gid);
  if (found.isSymbolicLink()) return;
  // In what is read only, nothing is ever made.
  const inherited = access === 'write' ? setgid : 0;
  const more = found.isDirectory() ? inherited | ofGroup.search : 0;
  await chmod(pathOf(handle), (found.mode & 0o7777) | ofGroup[access] | more);
}

async function giveBelow(parent: FileHandle, gid: number, access: GroupAccess, signal: AbortSignal): Promise<void> {
  for (const name of await readdir(pathOf(parent))) {
    const handle = await open(`${pathOf(parent)}/${name}`, asName).catch(goneIsNothing);
    if (handle === undefined) continue;
    try {
      await give(handle, gid, access, signal);
    } finally {
      await handle.close();
    }
  }
}

/** The kernel's name for what a handle stands for, whatever becomes of the path it was opened by. */
function pathOf(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

function goneIsNothing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}

const script = 'chgrp -Rh "$2" "$1" && chmod -R "$3" "$1" && find "$1" -type d -exec chmod g+sx {} +';

/** There the groups of containers are known by their own numbers, and may be given. */
async function giveInUserNamespace(root: string, gid: number, access: GroupAccess, signal: AbortSignal): Promise<void> {
  const mode = access === 'read' ? 'g+r' : 'g+rw';
  // A client of a service, as which it takes itself with these, knows no user namespace.
  const { CONTAINER_HOST, CONTAINER_CONNECTION, ...env } = process.env;
  const args = ['unshare', 'sh', '-c', script, 'sh', root, String(gid), mode];
  await promisify(execFile)('podman', args, { env, signal });
}
