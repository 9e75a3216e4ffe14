import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../engine/engine.ts';

/**
 * Resolves a subPath inside a volume one component at a time, following no link, and makes the directories that are
 * missing, as the kubelet does (pkg/volume/util/subpath). A link could lead a bind mount to any file of the host.
 *
 * Each component is opened with O_NOFOLLOW below the one before it (through /proc/self/fd), so that nobody who can
 * write into the volume can change what was already checked.
 *
 * @returns the path to bind
 * @throws EngineError `PATH_UNSAFE` for a link or `..` on the way, `PATH_MISSING` where the volume has no directory here
 */
export async function resolveSubPath(
  base: string,
  subPath: string,
  opts: { readonly create: boolean },
): Promise<string> {
  const parts = subPath.split('/').filter(part => part !== '' && part !== '.');
  if (parts.includes('..') || subPath.startsWith('/')) throw unsafe(subPath, 'it leaves the volume');
  const handles: FileHandle[] = [];
  try {
    let parent = await openBase(base);
    handles.push(parent);
    for (const [i, part] of parts.entries()) {
      const last = i === parts.length - 1;
      const found = await openComponent(parent, part, { last, ...opts }).catch((error: unknown) => {
        throw failure(error, subPath, join(base, ...parts.slice(0, i + 1)));
      });
      if (found === undefined) break;
      handles.push(found);
      parent = found;
    }
  } finally {
    await Promise.all(handles.map(handle => handle.close()));
  }
  return join(base, ...parts);
}

const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

async function openBase(base: string): Promise<FileHandle> {
  return open(base, constants.O_RDONLY | constants.O_DIRECTORY).catch((cause: unknown) => {
    throw new EngineError(
      'PATH_MISSING',
      `Cannot use a subPath of the volume at "${base}": its directory cannot be opened`,
      {
        hint: 'Create the volume, and run where its engine runs',
        cause,
      },
    );
  });
}

/** The component as a handle; undefined where it is the last one and a file. */
async function openComponent(
  parent: FileHandle,
  part: string,
  opts: { readonly last: boolean; readonly create: boolean },
): Promise<FileHandle | undefined> {
  const path = `/proc/self/fd/${parent.fd}/${part}`;
  try {
    return await open(path, asDirectory);
  } catch (error) {
    const code = codeOf(error);
    // O_DIRECTORY with O_NOFOLLOW says ENOTDIR of a link too.
    if (code === 'ENOTDIR' && opts.last && !(await lstat(path)).isSymbolicLink()) return undefined;
    if (code !== 'ENOENT' || !opts.create) throw error;
  }
  const made = await mkdir(path, { mode: 0o700 }).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
      return false;
    },
  );
  const handle = await open(path, asDirectory);
  // Set once made, as our umask narrows what mkdir is told; with the parent's setgid, so that its group has the rest, too.
  if (made) await handle.chmod((await parent.stat()).mode & 0o2777);
  return handle;
}

function failure(error: unknown, subPath: string, path: string): unknown {
  const code = codeOf(error);
  if (code === 'ENOTDIR' || code === 'ELOOP') return unsafe(subPath, `"${path}" is a link or no directory`);
  if (code === 'ENOENT') {
    const message = `Cannot use subPath "${subPath}": "${path}" does not exist`;
    return new EngineError('PATH_MISSING', message, { hint: 'Name a key that the volume has', cause: error });
  }
  return error;
}

function unsafe(subPath: string, why: string): EngineError {
  const hint = 'Remove the link from the volume, or name the directory that it leads to';
  return new EngineError('PATH_UNSAFE', `Cannot use subPath "${subPath}": ${why}`, { hint });
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
