import type { Stats } from 'node:fs';
import { chmod, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngineError } from '../engine/engine.ts';
import type { HostPathType } from '../model/desired.ts';

/** What must stand at the path, by type (Kubernetes API, HostPathType); '' takes anything. */
const fits: Readonly<Record<HostPathType, readonly [(found: Stats) => boolean, words: string]>> = {
  '': [() => true, 'something'],
  Directory: [found => found.isDirectory(), 'a directory'],
  DirectoryOrCreate: [found => found.isDirectory(), 'a directory'],
  File: [found => found.isFile(), 'a file'],
  FileOrCreate: [found => found.isFile(), 'a file'],
  Socket: [found => found.isSocket(), 'a socket'],
  CharDevice: [found => found.isCharacterDevice(), 'a character device'],
  BlockDevice: [found => found.isBlockDevice(), 'a block device'],
};

/** What else may be done where nothing is there. */
const others: { readonly [T in HostPathType]?: string } = {
  '': 'set type: DirectoryOrCreate',
  Directory: 'set type: DirectoryOrCreate',
  File: 'set type: FileOrCreate',
};

/**
 * Sees that a hostPath is what its type says, and makes it where the type says so: directories 0755, files 0644, as
 * the kubelet does.
 *
 * @throws EngineError `PATH_MISSING`
 */
export async function checkHostPath(path: string, type: HostPathType): Promise<void> {
  const what = `Cannot mount "${path}" of the host`;
  try {
    if (type === 'DirectoryOrCreate') await createDirectory(path);
    if (type === 'FileOrCreate') await createFile(path);
    const [isFit, words] = fits[type];
    const found = await stat(path);
    if (isFit(found)) return;
    throw new EngineError('PATH_MISSING', `${what}: found ${wordsFor(found)}, expected ${words}`, {
      hint: 'Correct the path or its type',
    });
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const why = missing ? 'it does not exist' : String(error instanceof Error ? error.message : error);
    const hint = missing ? `Create it, or ${others[type] ?? 'correct the path'}` : undefined;
    throw new EngineError('PATH_MISSING', `${what}: ${why}`, { hint, cause: error });
  }
}

async function createDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  // Set once more, as our umask narrows what mkdir is told.
  for (let made = path.replace(/\/+$/, ''); made.length >= first.length; made = dirname(made)) await chmod(made, 0o755);
}

async function createFile(path: string): Promise<void> {
  await stat(dirname(path));
  const handle = await open(path, 'wx', 0o644).catch((error: unknown) => {
    // Whether what is there is a file, the check that follows tells.
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  });
  await handle?.chmod(0o644);
  await handle?.close();
}

function wordsFor(found: Stats): string {
  for (const type of ['Directory', 'File', 'Socket', 'CharDevice', 'BlockDevice'] as const) {
    const [isFit, words] = fits[type];
    if (isFit(found)) return words;
  }
  return 'something else';
}
