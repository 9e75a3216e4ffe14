import { execFile } from 'node:child_process';
import { access, constants, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeDurably } from '../durable.ts';
import { EngineError } from '../engine/engine.ts';
import { isRootless } from './ownership.ts';

/** What fills a volume. */
export interface Filling {
  readonly stateDir: string;
  /** Of the volume in the engine. */
  readonly name: string;
  /** Absolute path of the archive. */
  readonly source: string;
}

/**
 * Makes and fills a volume so that one that was filled in part is never taken for whole: a file in the state directory
 * stands for as long as it is under way, also after a crash.
 *
 * @param make makes the volume, or finds it as it was left
 * @param mountpoint where its data is, once it is made
 * @throws EngineError `REFUSED` where the archive cannot be read or taken apart; before anything is made where it is not there
 */
export async function filled(
  { stateDir, name, source }: Filling,
  make: () => Promise<void>,
  mountpoint: () => Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  await access(source, constants.R_OK).catch((error: unknown) => {
    throw refused(name, source, error, 'See that the archive is there, and may be read');
  });
  const mark = join(directoryOf(stateDir), name);
  await writeDurably(mark, '');
  await make();
  try {
    await unpack(source, await mountpoint(), signal);
  } catch (error) {
    signal.throwIfAborted();
    throw refused(name, source, error, 'See that it is a tar archive, as of "podman volume export"');
  }
  await asWhole(stateDir, name);
}

/** Takes a volume for whole from now on. */
export async function asWhole(stateDir: string, name: string): Promise<void> {
  await rm(join(directoryOf(stateDir), name), { force: true });
}

/** The volumes that are not yet filled to their end. */
export async function halfFilled(stateDir: string): Promise<ReadonlySet<string>> {
  const names = await readdir(directoryOf(stateDir)).catch(() => []);
  // Volumes begin with a letter or digit: others are a mark that is being written.
  return new Set(names.filter(name => !name.startsWith('.')));
}

function directoryOf(stateDir: string): string {
  return join(stateDir, 'filling');
}

/**
 * By GNU tar, which takes every compression and lets no name or link lead out of the directory; in the user namespace of
 * the containers where we are no root, so that owners are as in the archive.
 */
async function unpack(source: string, directory: string, signal: AbortSignal): Promise<void> {
  const words = ['tar', '--extract', '--numeric-owner', '--same-owner', '--same-permissions'];
  const all = [...words, '--file', source, '--directory', directory];
  const [file = '', ...args] = isRootless() ? ['podman', 'unshare', ...all] : all;
  // A client of a service, as which it takes itself with these, knows no user namespace.
  const { CONTAINER_HOST, CONTAINER_CONNECTION, ...env } = process.env;
  await promisify(execFile)(file, args, { env: { ...env, LC_ALL: 'C' }, signal });
}

function refused(name: string, source: string, error: unknown, hint: string): EngineError {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : undefined;
  const why = said || (error instanceof Error ? error.message : String(error));
  return new EngineError('REFUSED', `Cannot fill volume "${name}" from "${source}": ${why}`, { hint, cause: error });
}
