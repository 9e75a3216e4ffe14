import type { BigIntStats } from 'node:fs';
import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileFault, reasonOf } from '../model/file-fault.ts';
import type { Problem } from '../model/problem.ts';
import type { BuildContext, Snapshot, SourceFile } from '../model/source.ts';
import { contextReader } from './context.ts';
import { errnoOf, isGone, shownPath, unreadable } from './fault.ts';
import { findGit, gitBusy } from './git.ts';
import { type Content, revisionReader } from './revision.ts';
import { type Found, scan } from './scan.ts';
import { SourceError } from './source.ts';
import { identityOf } from './stat-cache.ts';
import { textReader } from './text.ts';

export interface ReaderOptions {
  /** Working directory of the user, absolute: paths below it are shown relative to it. */
  readonly cwd: string;
  /** Milliseconds since the epoch. Default: the machine's clock. */
  readonly now?: () => number;
  /** The git program. Default: `git`, found by PATH. */
  readonly git?: string;
  /** Absolute directories that a manifest with an ImageBuild copies from: they are contexts too. Default: none. */
  readonly contextsIn?: (file: SourceFile) => Promise<readonly string[]>;
}

/** One directory or one file, absolute. */
export interface Root {
  readonly path: string;
  readonly type: 'directory' | 'file';
}

/** A snapshot of one root, with the digests that a revision over several roots is made of. */
export interface RootSnapshot extends Snapshot {
  readonly content: Content;
}

export interface RootReader {
  /** @throws SourceError where the root cannot be read, or does not hold still */
  read(root: Root, signal: AbortSignal): Promise<RootSnapshot>;
}

/** Reads roots; what did not change since its last read is taken from memory. */
export function rootReader(opts: ReaderOptions): RootReader {
  const now = opts.now ?? Date.now;
  const readers = {
    texts: textReader(now),
    contexts: contextReader(now),
    revisions: revisionReader(opts.git ?? 'git'),
    contextsIn: opts.contextsIn ?? (async () => []),
  };
  const shown = remembering((path: string) => shownPath(path, opts.cwd));
  const { show } = shown;
  return {
    async read(root, signal) {
      // Twice at most: a root that is re-pointed while we read would mix two states into one.
      for (let turn = 0; turn < 2; turn++) {
        shown.sweep();
        const before = await token(root.path, show);
        const snapshot = await readOnce(root, before, { ...readers, show, signal });
        if ((await token(root.path, show)).text === before.text) return snapshot;
      }
      const message = `Cannot read '${show(root.path)}': it was replaced while it was read`;
      throw new SourceError('SOURCE_UNREADABLE', message, { hint: 'Wait for what rewrites it to end' });
    },
  };
}

/** Paths come again with each pass, and what is made of one does not change; those that go are forgotten. */
function remembering(make: (path: string) => string): {
  readonly show: (path: string) => string;
  readonly sweep: () => void;
} {
  let earlier = new Map<string, string>();
  let known = new Map<string, string>();
  return {
    show: path => {
      const made = known.get(path) ?? earlier.get(path) ?? make(path);
      known.set(path, made);
      return made;
    },
    sweep: () => {
      earlier = known;
      known = new Map();
    },
  };
}

interface Token {
  readonly stat: BigIntStats;
  /** Changes when the root, or the `..data` link of a mounted ConfigMap in it, points elsewhere. */
  readonly text: string;
}

async function token(path: string, show: (path: string) => string): Promise<Token> {
  try {
    const found = await stat(path, { bigint: true });
    const data = await readlink(join(path, '..data')).catch(() => '');
    return { stat: found, text: `${identityOf(found)} ${data}` };
  } catch (error) {
    throw rootError(show(path), error);
  }
}

/** The {@link SourceError} for a root that cannot be read. */
export function rootError(shown: string, error: unknown): SourceError {
  if (isGone(error)) {
    const message = `Cannot read '${shown}': no such file or directory`;
    return new SourceError('SOURCE_MISSING', message, {
      hint: 'Check the path, or mount what should be there',
      cause: error,
    });
  }
  const isDenied = errnoOf(error) === 'EACCES';
  const why = isDenied ? 'permission denied' : reasonOf(error);
  const access = 'Give the user that runs podstead read access to it';
  const hint = isDenied ? access : (fileFault(error)?.hint ?? access);
  return new SourceError('SOURCE_UNREADABLE', `Cannot read '${shown}': ${why}`, { hint, cause: error });
}

interface Pass {
  readonly texts: ReturnType<typeof textReader>;
  readonly contexts: ReturnType<typeof contextReader>;
  readonly revisions: ReturnType<typeof revisionReader>;
  readonly contextsIn: (file: SourceFile) => Promise<readonly string[]>;
  readonly show: (path: string) => string;
  readonly signal: AbortSignal;
}

async function readOnce(root: Root, start: Token, pass: Pass): Promise<RootSnapshot> {
  const base = root.type === 'directory' ? root.path : dirname(root.path);
  const place = await findGit(
    await realpath(base).catch((error: unknown) => Promise.reject(rootError(pass.show(base), error))),
  );
  const busyBefore = place !== undefined && (await gitBusy(place));
  const read = await readListed(root, start, pass);
  pass.texts.sweep();
  pass.contexts.sweep();
  const revision = await pass.revisions.read(read.content, { root: base, place, signal: pass.signal });
  const busy = busyBefore || (place !== undefined && (await gitBusy(place)));
  return { ...read, revision, identity: identityOf(start.stat), busy };
}

type Read = Pick<RootSnapshot, 'files' | 'contexts' | 'problems' | 'content'>;

/** Lists and reads; where something vanished in between, once more, and then it is a problem. */
async function readListed(root: Root, start: Token, pass: Pass): Promise<Read> {
  const first = await readFound(found(root, start, pass), pass);
  if (first.vanished.length === 0) return first;
  const second = await readFound(found(root, start, pass), pass);
  const left = second.vanished.map(path =>
    unreadable(pass.show(path), new Error('it comes and goes while it is read')),
  );
  return { ...second, problems: [...second.problems, ...left] };
}

function found(root: Root, start: Token, pass: Pass): Found {
  const file = root.type === 'file';
  try {
    const below = scan(file ? dirname(root.path) : root.path, file ? { ...pass, depth: 0 } : pass);
    if (!file) return below;
    return { ...below, files: [{ path: root.path, stat: start.stat }], problems: [], vanished: [] };
  } catch (error) {
    pass.signal.throwIfAborted();
    throw rootError(pass.show(root.path), error);
  }
}

async function readFound(listed: Found, pass: Pass): Promise<Read & { readonly vanished: readonly string[] }> {
  const vanished = [...listed.vanished];
  const contexts: BuildContext[] = [];
  const problems: Problem[] = [];
  for (const directory of listed.contexts) {
    try {
      const result = await pass.contexts.read(directory, pass);
      if (result === undefined) vanished.push(directory);
      else contexts.push(result.context);
      problems.push(...(result?.problems ?? []));
    } catch (error) {
      pass.signal.throwIfAborted();
      problems.push(unreadable(pass.show(directory), error));
    }
  }
  const files: SourceFile[] = [];
  const digests: { readonly path: string; readonly digest: string }[] = [];
  for (const file of listed.files) {
    pass.signal.throwIfAborted();
    const shown = pass.show(file.path);
    const result = pass.texts.read(file, shown);
    if (result.type === 'gone') vanished.push(file.path);
    else if (result.type === 'problem') problems.push(result.problem);
    else {
      files.push({ path: shown, directory: dirname(file.path), text: result.text });
      digests.push({ path: file.path, digest: result.digest });
    }
  }
  const declared = await readDeclared(files, pass, problems);
  // What lies in a context is material, also where it is named like a manifest.
  const isMaterial = (directory: string): boolean =>
    declared.some(context => directory === context.directory || directory.startsWith(`${context.directory}/`));
  const isShownMaterial = (file: string): boolean =>
    declared.some(context => file.startsWith(`${pass.show(context.directory)}/`));
  const known = new Map([...contexts, ...declared].map(context => [context.directory, context]));
  const content = {
    files: digests.filter(({ path }) => !isMaterial(dirname(path))),
    contexts: [...known.values()],
  };
  return {
    files: files.filter(({ directory }) => !isMaterial(directory)),
    contexts: known,
    // A link that leads nowhere is copied as it is.
    problems: [...listed.problems.filter(({ file }) => !isShownMaterial(file)), ...problems],
    content,
    vanished,
  };
}

/** The contexts of ImageBuilds; those that are no directories are left to whoever resolves the ImageBuild. */
async function readDeclared(
  files: readonly SourceFile[],
  pass: Pass,
  problems: Problem[],
): Promise<readonly BuildContext[]> {
  const found = new Map<string, BuildContext>();
  for (const file of files.filter(({ text }) => text.includes('ImageBuild'))) {
    for (const directory of await pass.contextsIn(file)) {
      const isDirectory = (await lstat(directory).catch(() => undefined))?.isDirectory() === true;
      if (found.has(directory) || !isDirectory) continue;
      const result = await pass.contexts.read(directory, { ...pass, declared: true });
      if (result !== undefined) found.set(directory, result.context);
      problems.push(...(result?.problems ?? []));
    }
  }
  return [...found.values()];
}
