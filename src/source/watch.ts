import { existsSync, watch as watchDirectory } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { type ChokidarOptions, watch as chokidarWatch, type FSWatcher } from 'chokidar';
import { buildFiles } from '../model/source.ts';
import { errnoOf, isGone } from './fault.ts';
import { findGit } from './git.ts';
import { type HintBox, hintBox } from './hints.ts';
import { identityOf } from './stat-cache.ts';

/** What is watched: a directory with all below it, or one file. */
export interface WatchRoot {
  readonly path: string;
  readonly type: 'directory' | 'file';
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** How often the root's identity is looked at, for what no event tells (a mount over it): ms. Default 2000. */
  readonly checkMs?: number;
  /** How often a hint is given where the kernel has no watches left: ms. Default 5000. */
  readonly pollMs?: number;
  /** Default: chokidar's. */
  readonly watch?: (paths: string | string[], options: ChokidarOptions) => FSWatcher;
}

type Open = Required<Omit<WatchOptions, 'signal'>> & { readonly box: HintBox };

/**
 * Hints that something below the roots changed. Lost ones are possible (a network filesystem tells nothing): the caller
 * looks again at a steady interval too. Where inotify has no watches left, one hint says what to raise, and from then
 * on a hint comes every `pollMs`.
 */
export async function* watchRoots(roots: readonly WatchRoot[], opts: WatchOptions): AsyncGenerator<string> {
  const { checkMs = 2000, pollMs = 5000, watch = chokidarWatch } = opts;
  const open: Open = { checkMs, pollMs, watch, box: hintBox() };
  const watches = roots.map(root => watchRoot(root, open));
  try {
    yield* open.box.take(opts.signal);
  } finally {
    await Promise.all(watches.map(watching => watching.close()));
  }
}

interface Closable {
  close(): Promise<void>;
}

/**
 * One root. chokidar 5.0.0 goes blind when the watched root is a link that is re-pointed, so the root's entry in its
 * parent is watched too, and its identity is looked at now and then; when that differs, the watcher is opened anew.
 */
function watchRoot(root: WatchRoot, open: Open): Closable {
  let main: Promise<readonly FSWatcher[]> = Promise.resolve([]);
  let identity: string | undefined;
  let polling: NodeJS.Timeout | undefined;
  let closed = false;
  let checking: Promise<void> = Promise.resolve();

  const onError = (error: unknown): void => {
    const code = errnoOf(error);
    if (code !== 'ENOSPC' && code !== 'EMFILE') {
      open.box.put(`watching '${root.path}' failed: ${String(error)}`);
      return;
    }
    if (polling !== undefined || closed) return;
    polling = setInterval(() => open.box.put('looking again, as watching is not possible'), open.pollMs);
    open.box.put(exhausted(root.path, code, open.pollMs));
    closeMain();
  };
  const closeMain = (): void => {
    main = main.then(async watchers => {
      await Promise.all(watchers.map(watcher => watcher.close()));
      return [];
    });
  };
  const check = async (): Promise<void> => {
    const now = await identityAt(root.path);
    if (closed || now === identity) return;
    identity = now;
    closeMain();
    if (polling === undefined) main = main.then(() => (closed ? [] : openMain(root, open, onError)));
    await main;
  };
  const checkSoon = (): void => {
    checking = checking.then(check, check);
  };

  const entry = watchEntry(root.path, checkSoon, onError);
  const timer = setInterval(checkSoon, open.checkMs);
  checkSoon();

  return {
    async close() {
      closed = true;
      clearInterval(timer);
      clearInterval(polling);
      await checking;
      closeMain();
      entry.close();
      await main;
    },
  };
}

/**
 * Tells when a path's entry in its parent changes. Not by chokidar, which lists the parent and looks at all in it with
 * each event there: beside a busy neighbour that took 5 % of a core.
 */
function watchEntry(
  path: string,
  onEvent: () => void,
  onError: (error: unknown) => void,
): { readonly close: () => void } {
  try {
    const watcher = watchDirectory(dirname(path), (_event, name) => {
      if (name === basename(path)) onEvent();
    });
    return watcher.on('error', onError);
  } catch (error) {
    // A parent that is not there tells nothing: the root's identity is looked at now and then.
    if (!isGone(error)) onError(error);
    return { close: () => undefined };
  }
}

function exhausted(path: string, code: string, pollMs: number): string {
  const limit = code === 'ENOSPC' ? 'fs.inotify.max_user_watches' : 'fs.inotify.max_user_instances';
  return `Cannot watch '${path}': the kernel has no watches left; raise ${limit} with sysctl. Looking every ${pollMs} ms until then`;
}

/** What the path leads to: its real path and `dev:ino`; `missing` where nothing is there. */
async function identityAt(path: string): Promise<string> {
  try {
    return `${await realpath(path)} ${identityOf(await stat(path, { bigint: true }))}`;
  } catch {
    return 'missing';
  }
}

async function openMain(root: WatchRoot, open: Open, onError: (error: unknown) => void): Promise<readonly FSWatcher[]> {
  const base = root.type === 'directory' ? root.path : dirname(root.path);
  const gitDir = await realpath(base)
    .then(findGit)
    .then(place => place?.gitDir)
    .catch(() => undefined);
  const watchers = [watchBelow(root.path, path => !isHidden(path, base), { ...open, onError })];
  // A snapshot taken while git was busy proves little; the lock's going says that a better one can be had.
  if (gitDir !== undefined) {
    watchers.push(watchBelow(gitDir, path => tellsGit(path, gitDir), { ...open, depth: 0, onError }));
  }
  // Whatever changed before the watchers were ready told nothing, so being ready is a hint too.
  let waiting = watchers.length;
  for (const watcher of watchers) {
    watcher.once('ready', () => {
      waiting -= 1;
      if (waiting === 0) open.box.put(`watching '${root.path}'`);
    });
  }
  return watchers;
}

/**
 * Watches what matters below a path. chokidar 5.0.0 drops a change that follows another of the same file within 50 ms
 * and does not make up for it, so the kernel's own events are hints as well.
 */
function watchBelow(
  path: string,
  matters: (path: string) => boolean,
  opts: Pick<Open, 'box' | 'watch'> & { readonly depth?: number; readonly onError: (error: unknown) => void },
): FSWatcher {
  const depth = opts.depth === undefined ? {} : { depth: opts.depth };
  const watcher = opts.watch(path, { ignoreInitial: true, ignored: below => !matters(below), ...depth });
  watcher.on('all', (event, below) => opts.box.put(`${event} '${below}'`));
  watcher.on('raw', (event, name, details) => {
    const below = rawPath(name, details);
    if (below !== undefined && matters(below)) opts.box.put(`${event} '${below}'`);
  });
  return watcher.on('error', opts.onError);
}

/** The path of an event of fs.watch: of the watched file itself, or of an entry in the watched directory. */
function rawPath(name: unknown, details: unknown): string | undefined {
  const watched = typeof details === 'object' && details !== null && 'watchedPath' in details && details.watchedPath;
  if (typeof watched !== 'string') return undefined;
  return typeof name !== 'string' || name === basename(watched) ? watched : join(watched, name);
}

function tellsGit(path: string, gitDir: string): boolean {
  return path === gitDir || ['HEAD', 'index.lock', 'MERGE_HEAD'].includes(basename(path));
}

/**
 * Hidden entries are no manifests, but `..data` of a mounted ConfigMap tells of its swap, and a build sees hidden files
 * of its context.
 */
function isHidden(path: string, base: string): boolean {
  const parts = relative(base, path).split(sep);
  const at = parts.findIndex(part => part.startsWith('.') && !part.startsWith('..'));
  if (at < 0) return false;
  if (parts[at] === '.git') return true;
  return !parts.slice(0, at).some((_, i) => holdsBuildFile(join(base, ...parts.slice(0, i + 1))));
}

function holdsBuildFile(directory: string): boolean {
  return buildFiles.some(name => existsSync(join(directory, name)));
}
