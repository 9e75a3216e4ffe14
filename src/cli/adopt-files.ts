import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createDurably } from '../durable.ts';
import { documentOf } from '../kube/document.ts';
import type { Fields } from '../kube/json.ts';
import type { Key } from '../model/key.ts';
import { engineNameOf } from '../model/names.ts';
import { keyOfObject, type Proposal } from './adopt-proposal.ts';
import type { Context } from './context.ts';
import { makeLoad, openPaths } from './desire.ts';
import { CommandError } from './error.ts';

/** A manifest that is to be written. */
export interface PlannedFile {
  readonly path: string;
  readonly objects: readonly Fields[];
  readonly comments: readonly string[];
}

/**
 * The files for these pods: one each, without the objects that the directory declares already or an earlier file has.
 *
 * @throws CommandError where another file has the name
 */
export async function planned(
  context: Context,
  proposals: readonly Proposal[],
  directory: string | undefined,
): Promise<readonly PlannedFile[]> {
  const known = new Set(directory === undefined ? [] : await declaredIn(context, directory));
  const files: PlannedFile[] = [];
  for (const { key, objects, remarks } of proposals) {
    // Who has a manifest of it has what it needs, or another wish.
    if (known.has(key)) continue;
    const fresh = objects.filter(object => !known.has(keyOfObject(object)));
    for (const object of fresh) known.add(keyOfObject(object));
    const path = join(directory ?? '', `${engineNameOf(key)}.yaml`);
    if (directory !== undefined && (await stat(path).catch(() => undefined)) !== undefined) {
      throw new CommandError(`Cannot write "${path}": there is such a file, and it does not declare ${key}`, {
        hint: 'Move it away, or name another directory',
      });
    }
    files.push({ path, objects: fresh, comments: remarks });
  }
  return files;
}

async function declaredIn(context: Context, directory: string): Promise<readonly Key[]> {
  if ((await stat(directory).catch(() => undefined)) === undefined) return [];
  const source = await openPaths([directory]);
  const load = makeLoad({ owner: context.owner, strict: false });
  const { desired } = await load(await source.read({ signal: context.signal }));
  return [...desired.declared.keys()];
}

/** Writes them so that they outlive a power cut: a pod that is ours and declared nowhere would be removed. */
export async function writeManifests({ terminal, quiet }: Context, files: readonly PlannedFile[]): Promise<void> {
  for (const { path, objects, comments } of files) {
    const text = documentOf(objects, comments);
    try {
      await createDurably(path, text);
    } catch (error) {
      const same = (await readFile(path, 'utf8').catch(() => undefined)) === text;
      if (same) continue;
      const why = error instanceof Error ? error.message : String(error);
      throw new CommandError(`Cannot write "${path}": ${why}; nothing was adopted`, {
        hint: 'Name a directory that you may write to',
        cause: error,
      });
    }
    if (!quiet) terminal.err(`Wrote ${path}\n`);
  }
}
