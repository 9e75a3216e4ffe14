import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeStale, writeDurably } from '../durable.ts';
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
  const { differing, unwanted, foreign } = await compareUnits(directory, units, opts);
  for (const unit of differing) await writeUnit(directory, unit);
  return { written: differing.map(({ name }) => name).sort(), removed: unwanted, foreign };
}

/** What would change; names are sorted. */
export interface UnitChanges {
  readonly differing: readonly UnitFile[];
  readonly unwanted: readonly string[];
  /** Wanted, but a file of that name stands there that is not ours. */
  readonly foreign: readonly string[];
}

/**
 * Looks at what {@link writeUnits} would write, and clears what writers that were killed left.
 *
 * @throws the system's error where the directory cannot be read
 */
export async function compareUnits(
  directory: string,
  units: readonly UnitFile[],
  opts: WriteOptions,
): Promise<UnitChanges> {
  await mkdir(directory, { recursive: true });
  const differing: UnitFile[] = [];
  const foreign: string[] = [];
  for (const unit of units) {
    opts.signal.throwIfAborted();
    const outcome = await compareUnit(directory, unit, opts.owner);
    if (outcome === 'foreign') foreign.push(unit.name);
    else if (outcome === 'differs') differing.push(unit);
  }
  await removeStale(directory, Date.now());
  const wanted = new Set(units.map(unit => unit.name));
  const unwanted = (opts.prune ?? true) ? (await ourUnits(directory, opts)).filter(name => !wanted.has(name)) : [];
  return { differing, unwanted, foreign: foreign.sort() };
}

/** Writes one unit. */
export function writeUnit(directory: string, unit: UnitFile): Promise<void> {
  return writeUnitFile(join(directory, unit.name), renderUnit(unit));
}

/** Removes unit files by name; those that are gone already are no fault. */
export async function removeUnits(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(directory, name), { force: true });
}

async function compareUnit(directory: string, unit: UnitFile, owner: string): Promise<'same' | 'differs' | 'foreign'> {
  const have = await textOf(join(directory, unit.name));
  if (have === renderUnit(unit)) return 'same';
  return have !== undefined && readMark(parseUnit(unit.name, have))?.owner !== owner ? 'foreign' : 'differs';
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

/** Writes a unit file in one step: systemd must never read half a unit, and warns of one that not everybody can read. */
export async function writeUnitFile(path: string, text: string): Promise<void> {
  await writeDurably(path, text, { mode: 0o644 });
}
