import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A host as a release of Podstead left it, with nothing to do: its directory of manifests, its state, its engine's answers. */
export interface Recorded {
  /** Of Podstead. */
  readonly release: string;
  readonly atMs: number;
  readonly owner: string;
  /** Of the engine's API. */
  readonly engine: string;
  /** By file. */
  readonly manifests: Readonly<Record<string, string>>;
  /** Below the state directory: contents, and targets of links. */
  readonly state: Readonly<Record<string, { readonly text: string } | { readonly link: string }>>;
  /** Bodies by path, below the API's prefix. */
  readonly answers: Readonly<Record<string, unknown>>;
}

/** Reads all files and links below a directory. */
export async function readTree(directory: string): Promise<Recorded['state']> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const found = entries.map(async entry => {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    if (entry.isSymbolicLink()) return [[name, { link: await readlink(path) }] as const];
    return entry.isFile() ? [[name, { text: await readFile(path, 'utf8') }] as const] : [];
  });
  return Object.fromEntries((await Promise.all(found)).flat().toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Makes them again. */
export async function writeTree(directory: string, tree: Recorded['state']): Promise<void> {
  for (const [name, entry] of Object.entries(tree)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    if ('link' in entry) await symlink(entry.link, path);
    else await writeFile(path, entry.text);
  }
}
