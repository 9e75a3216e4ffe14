import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Problem } from '../model/problem.ts';
import type { BuildContext, Snapshot, SourceFile } from '../model/source.ts';
import { directorySource, withEmptiness } from './dir.ts';
import { shownPath } from './fault.ts';
import { type ReaderOptions, type Root, type RootReader, rootError, rootReader } from './reader.ts';
import type { Source } from './source.ts';
import { maxFileBytes, textOf } from './text.ts';

export interface PathsOptions extends ReaderOptions {
  /** Reads standard input to its end; asked once, at the first read. Needed where `-` is among the paths. */
  readonly stdin?: () => Promise<string>;
}

/**
 * Files, directories and standard input (`-`), in the order given. A path that is given twice is read once. A file that
 * is named here is read whatever its name ends in.
 */
export function pathsSource(paths: readonly string[], opts: PathsOptions): Source {
  const [only] = paths;
  if (paths.length === 1 && only !== undefined && only !== '-') return onePath(only, opts);
  return manyPaths(paths, opts);
}

/** A single path that is a directory is the same source as the one that `run` keeps, with the same revision. */
function onePath(path: string, opts: PathsOptions): Source {
  const directory = directorySource(path, opts);
  const many = manyPaths([path], opts);
  const choose = async (): Promise<Source> => {
    const found = await stat(directory.name).catch(() => undefined);
    return found?.isDirectory() ? directory : many;
  };
  return {
    name: directory.name,
    read: async given => (await choose()).read(given),
    async *wakes(given) {
      yield* (await choose()).wakes(given);
    },
  };
}

function manyPaths(paths: readonly string[], opts: PathsOptions): Source {
  const named = [...new Set(paths.map(path => (path === '-' ? path : resolve(opts.cwd, path))))];
  const readers = new Map(named.map(path => [path, rootReader(opts)]));
  const shown = named.map(path => (path === '-' ? path : shownPath(path, opts.cwd))).join(' ');
  let input: Promise<string> | undefined;
  return {
    name: named.join(' '),
    async read({ signal }) {
      const parts: Part[] = [];
      for (const path of named) {
        signal.throwIfAborted();
        if (path === '-') {
          input ??= readInput(opts);
          parts.push(inputPart(await input, opts.cwd));
        } else parts.push(await pathPart(path, readers, { cwd: opts.cwd, signal }));
      }
      return withEmptiness(join(parts), shown);
    },
    async *wakes({ signal }) {
      const roots = await Promise.all(named.filter(path => path !== '-').map(path => rootAt(path, opts.cwd)));
      const { watchRoots } = await import('./watch.ts');
      yield* watchRoots(roots, { signal });
    },
  };
}

type Part = Snapshot & { readonly digest: string };

async function readInput(opts: PathsOptions): Promise<string> {
  if (opts.stdin === undefined) throw new Error("Cannot read '-': no standard input was given");
  return opts.stdin();
}

function inputPart(text: string, cwd: string): Part {
  const bytes = Buffer.from(text);
  const part = { revision: '', identity: 'stdin', busy: false, contexts: new Map<string, BuildContext>() };
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (bytes.length > maxFileBytes) {
    const message = `Cannot read standard input: it has ${bytes.length} bytes, at most ${maxFileBytes} are read`;
    return { ...part, digest, files: [], problems: [inputProblem('FILE_TOO_LARGE', message, 'Split it')] };
  }
  const result = textOf(bytes, '-');
  if (result.type === 'problem') return { ...part, digest, files: [], problems: [result.problem] };
  return { ...part, digest, files: [{ path: '-', directory: cwd, text }], problems: [] };
}

function inputProblem(code: Problem['code'], message: string, hint: string): Problem {
  return { code, severity: 'error', file: '-', line: 1, column: 1, message, hint };
}

async function rootAt(path: string, cwd: string): Promise<Root> {
  const found = await stat(path).catch((error: unknown) => Promise.reject(rootError(shownPath(path, cwd), error)));
  return { path, type: found.isDirectory() ? 'directory' : 'file' };
}

async function pathPart(
  path: string,
  readers: ReadonlyMap<string, RootReader>,
  opts: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<Part> {
  const reader = readers.get(path);
  if (reader === undefined) throw new Error(`Cannot read '${path}': it is not among the paths of this source`);
  const { content, ...snapshot } = await reader.read(await rootAt(path, opts.cwd), opts.signal);
  const digests = [...content.files.map(file => file.digest), ...content.contexts.map(context => context.digest)];
  return { ...snapshot, digest: createHash('sha256').update(digests.join('\n')).digest('hex') };
}

/** One snapshot out of several; a file that two of them hold is taken once. */
function join(parts: readonly Part[]): Snapshot {
  const files = new Map<string, SourceFile>();
  for (const file of parts.flatMap(part => part.files)) if (!files.has(file.path)) files.set(file.path, file);
  const [only] = parts;
  const over = createHash('sha256')
    .update(parts.map(part => part.digest).join('\n'))
    .digest('hex');
  return {
    revision: parts.length === 1 && only?.revision ? only.revision : `dir-${over.slice(0, 12)}`,
    files: [...files.values()],
    contexts: new Map(parts.flatMap(part => [...part.contexts])),
    problems: parts.flatMap(part => part.problems),
    identity: parts.map(part => part.identity).join('+'),
    busy: parts.some(part => part.busy),
  };
}
