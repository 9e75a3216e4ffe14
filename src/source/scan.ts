import { type BigIntStats, type Dirent, readdirSync, statSync } from 'node:fs';
import type { Problem } from '../model/problem.ts';
import { buildFiles } from '../model/source.ts';
import { errnoOf, fileProblem, isGone, unreadable } from './fault.ts';
import { identityOf } from './stat-cache.ts';

/** A manifest file met on the way, not read yet. */
export interface FoundFile {
  readonly path: string;
  readonly stat: BigIntStats;
}

/** What one walk through a directory found, in an order that does not depend on the filesystem's. */
export interface Found {
  readonly files: readonly FoundFile[];
  /** Absolute directories that hold a Containerfile or Dockerfile. */
  readonly contexts: readonly string[];
  readonly problems: readonly Problem[];
  /** Paths that were listed and then were not there: the listing is worth repeating. */
  readonly vanished: readonly string[];
}

export interface ScanOptions {
  /** How a path is named in problems. */
  readonly show: (path: string) => string;
  readonly signal: AbortSignal;
  /** How deep to go; 0 is the directory itself alone. Default: no limit. */
  readonly depth?: number;
}

interface Walk extends ScanOptions {
  readonly files: FoundFile[];
  readonly contexts: string[];
  readonly problems: Problem[];
  readonly vanished: string[];
  /** Inodes of real directories and files met so far, by device. */
  readonly seen: Map<bigint, Set<bigint>>;
}

interface Entry {
  readonly path: string;
  readonly stat: BigIntStats;
}

/**
 * Walks a directory for manifests (`*.yaml`, `*.yml`, `*.json`) and build contexts. Hidden entries are skipped, links
 * are followed, each real directory and file is met once, and build contexts are not searched. The directory itself is
 * always searched.
 *
 * Synchronously: the kernel has it all in memory, and a turn through Node's thread pool takes ten times as long.
 *
 * @throws the system's error where the directory itself cannot be listed
 */
export function scan(root: string, opts: ScanOptions): Found {
  const walk: Walk = { ...opts, files: [], contexts: [], problems: [], vanished: [], seen: new Map() };
  const found = statSync(root, { bigint: true });
  isNew(walk, found);
  search(walk, root, list(root), [identityOf(found)]);
  return walk;
}

function list(dir: string): readonly Dirent[] {
  const entries = readdirSync(dir, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function search(walk: Walk, dir: string, dirents: readonly Dirent[], above: readonly string[]): void {
  walk.signal.throwIfAborted();
  const base = dir.endsWith('/') ? dir : `${dir}/`;
  const wanted = dirents.filter(dirent => !dirent.name.startsWith('.') && mayMatter(dirent));
  const entries = wanted.map(dirent => look(walk, base + dirent.name, dirent));
  for (const entry of entries) {
    if (entry === undefined) continue;
    if (entry.stat.isDirectory()) enter(walk, entry, above);
    else if (isManifest(entry.path)) meet(walk, entry);
  }
}

/** Plain files of other names need no stat; a filesystem that tells no types needs one for everything. */
function mayMatter(dirent: Dirent): boolean {
  return !dirent.isFile() || isManifest(dirent.name);
}

function isManifest(name: string): boolean {
  return /\.(yaml|yml|json)$/.test(name);
}

function look(walk: Walk, path: string, dirent: Dirent): Entry | undefined {
  try {
    return { path, stat: statSync(path, { bigint: true }) };
  } catch (error) {
    note(walk, path, dirent, error);
    return undefined;
  }
}

function note(walk: Walk, path: string, dirent: Dirent, error: unknown): void {
  const shown = walk.show(path);
  if (errnoOf(error) === 'ELOOP') walk.problems.push(loop(shown));
  else if (!isGone(error)) walk.problems.push(unreadable(shown, error));
  else if (dirent.isSymbolicLink()) {
    const message = `Cannot follow the link '${shown}': what it points to does not exist`;
    walk.problems.push(fileProblem(shown, 'FILE_UNREADABLE', message, 'Mend the link or remove it'));
  } else walk.vanished.push(path);
}

function loop(shown: string): Problem {
  const message = `Cannot follow the link '${shown}': it leads back to itself or to a directory that holds it`;
  return fileProblem(shown, 'LINK_LOOP', message, 'Remove the link or point it elsewhere');
}

function enter(walk: Walk, entry: Entry, above: readonly string[]): void {
  const id = identityOf(entry.stat);
  if (above.includes(id)) {
    walk.problems.push(loop(walk.show(entry.path)));
    return;
  }
  if (!isNew(walk, entry.stat)) return;
  try {
    const dirents = list(entry.path);
    if (dirents.some(dirent => buildFiles.includes(dirent.name) && !dirent.isDirectory())) {
      walk.contexts.push(entry.path);
    } else if (above.length <= (walk.depth ?? Number.POSITIVE_INFINITY)) {
      search(walk, entry.path, dirents, [...above, id]);
    }
  } catch (error) {
    walk.signal.throwIfAborted();
    if (isGone(error)) walk.vanished.push(entry.path);
    else walk.problems.push(unreadable(walk.show(entry.path), error));
  }
}

function meet(walk: Walk, entry: Entry): void {
  if (isNew(walk, entry.stat)) walk.files.push(entry);
}

/** Notes a real directory or file; false where it was met before, by another path. */
function isNew({ seen }: Walk, { dev, ino }: BigIntStats): boolean {
  const known = seen.get(dev) ?? new Set();
  seen.set(dev, known);
  return known.size !== known.add(ino).size;
}
