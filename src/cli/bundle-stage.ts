import { chmod, copyFile, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Part } from '../bundle/contents.ts';
import { staysIn } from '../bundle/links.ts';
import { removeTree } from '../bundle/remove.ts';
import { partOf } from '../bundle/write.ts';
import { makeDirectory } from '../durable.ts';
import { diskFault, onDisk } from '../image/disk.ts';
import type { Desired } from '../model/desired.ts';
import { reasonOf } from '../model/file-fault.ts';
import { buildFiles, type Snapshot, type SourceFile } from '../model/source.ts';
import { listContext } from '../source/context.ts';
import { CommandError } from './error.ts';

/** Manifests, and what images are built from, as they stand in a directory of their own. */
export interface Staging {
  readonly snapshot: Snapshot;
  readonly desired: Desired;
  /** Made anew. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/**
 * Copies manifests into a directory, and beside them the build contexts that they use, as they stood beside each other.
 *
 * @returns what is there now, by paths below it
 * @throws CommandError, ImageError `DISK_FULL`
 */
export async function stage(staging: Staging): Promise<readonly Part[]> {
  return onDisk(staging.directory, () => stageAll(staging));
}

async function stageAll({ snapshot, desired, directory, signal }: Staging): Promise<readonly Part[]> {
  // An ImageBuild that copies nothing has the directory of its file, and no context there.
  const builds = [...desired.images.values()].flatMap(({ build }) =>
    build === undefined || build.declared?.hasContext === false ? [] : build.directory,
  );
  const contexts = [...new Set(builds)].sort();
  const placeOf = placesIn([...snapshot.files.map(file => file.directory), ...contexts.map(dirname)]);
  await removeTree(directory);
  await makeDirectory(directory, { mode: 0o700 });
  const parts: Part[] = [];
  for (const file of snapshot.files) {
    const path = placeOf(join(file.directory, nameOf(file)));
    const full = join(directory, path);
    await makeDirectory(dirname(full));
    await writeFile(full, file.text, { flag: 'wx', mode: 0o600 }).catch((cause: Error) => {
      const fault = diskFault(full, cause);
      if (fault?.code === 'DISK_FULL') throw fault;
      throw new CommandError(`Cannot bundle "${file.path}": ${reasonOf(cause)}`, {
        hint: 'Give it another name',
        cause,
      });
    });
    parts.push(await partOf(path, full));
  }
  for (const context of contexts) parts.push(...(await stageContext(context, { directory, placeOf, signal })));
  return parts;
}

/** A file that was named is read whatever its name ends in; in a directory it must be told by its name. */
function nameOf({ path }: SourceFile): string {
  const name = path === '-' ? 'stdin' : basename(path);
  return /\.(yaml|yml|json)$/.test(name) ? name : `${name}.yaml`;
}

/** Paths below what all directories have in common; none is hidden, or nobody would look there. */
function placesIn(directories: readonly string[]): (path: string) => string {
  const all = directories.map(each => each.split('/'));
  const [first = []] = all;
  const end = first.findIndex((word, index) => all.some(words => words[index] !== word));
  const common = first.slice(0, end < 0 ? first.length : end).join('/') || '/';
  return path => relative(common, path).replaceAll(/(^|\/)\.(?=[^/])/g, '$1_');
}

async function stageContext(
  context: string,
  {
    directory,
    placeOf,
    signal,
  }: Pick<Staging, 'directory' | 'signal'> & { readonly placeOf: (path: string) => string },
): Promise<readonly Part[]> {
  const entries = await listContext(context, signal);
  if (entries === undefined) {
    const hint = 'See that all of it can be read';
    throw new CommandError(`Cannot bundle "${context}", which an image is built from`, { hint });
  }
  const below = placeOf(context);
  const isBuilt = entries.some(({ path }) => buildFiles.includes(path));
  const parts: Part[] = [];
  const modes: (readonly [string, number])[] = [];
  await makeDirectory(join(directory, below));
  for (const entry of entries) {
    signal.throwIfAborted();
    const path = `${below}/${entry.path}`;
    const full = join(directory, path);
    await makeDirectory(dirname(full));
    if (entry.type === 'link') {
      if (!isBuilt && !staysIn(below, { path, target: entry.target })) throw leadsOut(join(context, entry.path));
      await symlink(entry.target, full);
      parts.push({ ...entry, path });
    } else if (entry.type === 'directory') {
      await makeDirectory(full);
      modes.push([full, entry.mode]);
      parts.push({ type: entry.type, path, mode: entry.mode });
    } else if (entry.type === 'file') {
      await copyFile(join(context, entry.path), full);
      await chmod(full, entry.mode);
      parts.push(await partOf(path, full));
    }
  }
  for (const [full, mode] of modes.reverse()) await chmod(full, mode);
  return parts;
}

/** Of an ImageBuild's context: see `checkLinks`, which refuses it where the bundle is applied. */
function leadsOut(path: string): CommandError {
  return new CommandError(`Cannot bundle "${path}": it is a link that leads out of what an image is built from`, {
    hint: 'Put what it points to in its place, or leave it out in a .containerignore',
  });
}
