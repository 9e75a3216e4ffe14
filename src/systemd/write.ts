import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Key } from '../model/key.ts';
import { readMark } from '../unit/pod.ts';
import { parseUnit, renderUnit, type UnitFile } from '../unit/unit-file.ts';

/** What {@link writeUnits} did to a directory; names of units, sorted. */
export interface WrittenUnits {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** Wanted, but a file of that name stands there that is not ours: it was left as it is. */
  readonly foreign: readonly string[];
}

export interface WriteOptions {
  readonly owner: string;
  readonly signal: AbortSignal;
  /** False leaves units of ours that are no longer wanted. Default true. */
  readonly prune?: boolean;
}

/**
 * Makes a directory hold the given units of an owner and no others of that owner. Writes only what differs, each file
 * in one step. Files without our mark are never changed or removed.
 *
 * @throws the system's error where the directory cannot be read or written
 */
export async function writeUnits(
  directory: string,
  units: readonly UnitFile[],
  opts: WriteOptions,
): Promise<WrittenUnits> {
  await mkdir(directory, { recursive: true });
  const written: string[] = [];
  const foreign: string[] = [];
  for (const unit of units) {
    opts.signal.throwIfAborted();
    const outcome = await writeUnit(directory, unit, opts.owner);
    if (outcome === 'foreign') foreign.push(unit.name);
    else if (outcome === 'written') written.push(unit.name);
  }
  await removeStale(directory);
  const wanted = new Set(units.map(unit => unit.name));
  const unwanted = (opts.prune ?? true) ? (await ourUnits(directory, opts)).filter(name => !wanted.has(name)) : [];
  return { written: written.sort(), removed: unwanted, foreign: foreign.sort() };
}

/** Removes unit files by name; those that are gone already are no fault. */
export async function removeUnits(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(directory, name), { force: true });
}

async function writeUnit(directory: string, unit: UnitFile, owner: string): Promise<'same' | 'written' | 'foreign'> {
  const path = join(directory, unit.name);
  const text = renderUnit(unit);
  const have = await textOf(path);
  if (have === text) return 'same';
  if (have !== undefined && readMark(parseUnit(unit.name, have))?.owner !== owner) return 'foreign';
  await writeText(path, text);
  return 'written';
}

/** Names of the unit files of an owner in a directory, sorted. */
async function ourUnits(directory: string, opts: WriteOptions): Promise<readonly string[]> {
  const ours: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    // A link is an administrator's doing, or enables a unit.
    if (!entry.isFile() || !entry.name.endsWith('.service')) continue;
    opts.signal.throwIfAborted();
    const text = await textOf(join(directory, entry.name));
    if (text !== undefined && readMark(parseUnit(entry.name, text))?.owner === opts.owner) ours.push(entry.name);
  }
  return ours.sort();
}

/**
 * Unit files of an owner in a directory, sorted, that are of pods with these keys and not among the wanted ones; of
 * whatever type.
 */
export async function unwantedUnits(
  directory: string,
  wanted: ReadonlySet<string>,
  of: { readonly owner: string; readonly isOf: (pod: Key) => boolean },
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of (await readdir(directory)).sort()) {
    if (wanted.has(name) || !/\.(service|pod|container|kube)$/.test(name)) continue;
    const mark = readMark(parseUnit(name, (await textOf(join(directory, name))) ?? ''));
    if (mark?.owner === of.owner && of.isOf(mark.key)) found.push(name);
  }
  return found;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Not `.service`, so systemd does not take it for a unit; nobody else names files so. */
const temporaryEnd = '.podstead-tmp';
/** Older than this a temporary file belongs to a writer that died: ms. */
const staleMs = 60_000;

/** Removes what writers that were killed left. */
async function removeStale(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.endsWith(temporaryEnd)) continue;
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > staleMs) await rm(path, { force: true });
  }
}

/** Writes a unit file in one step: systemd must never read half a unit, not even after a power cut. */
export async function writeText(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}${temporaryEnd}`;
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      // Whatever the umask: systemd warns of units that not everybody can read.
      await file.chmod(0o644);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
