import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../model/key.ts';
import type { Problem } from '../model/problem.ts';
import { type BuildContext, buildFiles, ignoreFiles } from '../model/source.ts';
import { isGone, unreadable } from './fault.ts';
import { type StatCache, statCache } from './stat-cache.ts';

export interface ContextResult {
  readonly context: BuildContext;
  readonly problems: readonly Problem[];
}

export interface ContextReader {
  /** Undefined where the directory is no build context any more. */
  read(
    directory: string,
    opts: {
      readonly show: (path: string) => string;
      readonly signal: AbortSignal;
      /** An ImageBuild says that it is one: it needs no Containerfile. */
      readonly declared?: boolean;
    },
  ): Promise<ContextResult | undefined>;
  /** Forgets files that were not asked for since the last sweep. */
  sweep(): void;
}

interface Walk {
  readonly directory: string;
  readonly show: (path: string) => string;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly cache: StatCache<string>;
  readonly ignores: (path: string) => boolean;
  /** True where a pattern brings back what another one left out, so that no directory may be passed over. */
  readonly exceptions: boolean;
  readonly lines: string[];
  readonly problems: Problem[];
}

/**
 * Digests build contexts: over each path that a build can see, its type, permission bits, link target and content.
 * What .containerignore or .dockerignore leaves out does not count. Files that are the same as before are not hashed
 * again. `now` is in milliseconds since the epoch.
 */
export function contextReader(now: () => number): ContextReader {
  const cache = statCache<string>();
  return {
    read: (directory, opts) => readContext(directory, { ...opts, now, cache }),
    sweep: () => cache.sweep(),
  };
}

/** Something in a build context that a build can see. */
export type ContextEntry =
  | { readonly type: 'file' | 'directory' | 'other'; readonly path: string; readonly mode: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

/** All that a build can see of a context, by paths below it, sorted. Undefined where it is none, or not all can be read. */
export async function listContext(
  directory: string,
  signal: AbortSignal,
): Promise<readonly ContextEntry[] | undefined> {
  const found = await walkContext(directory, {
    show: path => path,
    signal,
    declared: true,
    now: Date.now,
    cache: statCache(),
  });
  if (found === undefined || found.walk.problems.length > 0) return undefined;
  return found.walk.lines.sort().map(line => {
    const [path, type, last] = JSON.parse(line) as [string, ContextEntry['type'], string];
    return type === 'link' ? { type, path, target: last } : { type, path, mode: Number.parseInt(last, 8) };
  });
}

async function readContext(directory: string, opts: WalkOptions): Promise<ContextResult | undefined> {
  const found = await walkContext(directory, opts);
  if (found === undefined) return undefined;
  const { file, walk } = found;
  const { problems } = walk;
  const digest: Digest = createHash('sha256').update(walk.lines.sort().join('\n')).digest('hex').slice(0, 32);
  const context = { directory, file, digest };
  return { context: problems.length === 0 ? context : { ...context, unreadable: true }, problems };
}

type WalkOptions = Pick<Walk, 'show' | 'signal' | 'now' | 'cache'> & { readonly declared?: boolean };

async function walkContext(
  directory: string,
  opts: WalkOptions,
): Promise<{ readonly file: string; readonly walk: Walk } | undefined> {
  const names = await namesIn(directory);
  const file = buildFiles.find(name => names.includes(name)) ?? (opts.declared === true ? '' : undefined);
  if (file === undefined) return undefined;
  const problems: Problem[] = [];
  const ignoring = await ignoreRules(directory, names, file, { show: opts.show, problems });
  const walk: Walk = { ...opts, ...ignoring, directory, lines: [], problems };
  await collect(walk, '');
  return { file, walk };
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

async function ignoreRules(
  directory: string,
  names: readonly string[],
  file: string,
  to: { readonly show: (path: string) => string; readonly problems: Problem[] },
): Promise<Pick<Walk, 'ignores' | 'exceptions'>> {
  const name = ignoreFiles.find(candidate => names.includes(candidate));
  if (name === undefined) return { ignores: () => false, exceptions: false };
  try {
    const rules = (await readFile(join(directory, name), 'utf8')).split(/\r?\n/);
    const { default: ignore } = await import('@balena/dockerignore');
    const matcher = ignore.default({ ignorecase: false }).add(rules);
    const ignores = (path: string): boolean => path !== file && matcher.ignores(path);
    return { ignores, exceptions: rules.some(rule => rule.trim().startsWith('!')) };
  } catch (error) {
    to.problems.push(unreadable(to.show(join(directory, name)), error));
    return { ignores: () => false, exceptions: false };
  }
}

async function collect(walk: Walk, below: string): Promise<void> {
  walk.signal.throwIfAborted();
  const names = await readdir(join(walk.directory, below)).catch((error: unknown) => fault(walk, below, error));
  for (const name of names ?? []) {
    const path = below === '' ? name : `${below}/${name}`;
    try {
      await add(walk, path);
    } catch (error) {
      walk.signal.throwIfAborted();
      fault(walk, path, error);
    }
  }
}

/** What vanishes while we look is no fault: its going wakes us again. */
function fault(walk: Walk, path: string, error: unknown): undefined {
  if (!isGone(error)) walk.problems.push(unreadable(walk.show(join(walk.directory, path)), error));
}

async function add(walk: Walk, path: string): Promise<void> {
  const ignored = walk.ignores(path);
  if (ignored && !walk.exceptions) return;
  const full = join(walk.directory, path);
  const stat = await lstat(full, { bigint: true });
  if (!ignored) walk.lines.push(JSON.stringify([path, ...(await describe(walk, full, stat))]));
  if (stat.isDirectory()) await collect(walk, path);
}

async function describe(walk: Walk, full: string, stat: BigIntStats): Promise<readonly string[]> {
  const mode = (stat.mode & 0o777n).toString(8);
  if (stat.isDirectory()) return ['directory', mode];
  // The mode of a link means nothing: symlink(7).
  if (stat.isSymbolicLink()) return ['link', await readlink(full)];
  if (stat.isFile()) return ['file', mode, await contentDigest(walk, full, stat)];
  return ['other', mode];
}

async function contentDigest(walk: Walk, full: string, stat: BigIntStats): Promise<string> {
  const known = walk.cache.get(full, stat);
  if (known !== undefined) return known;
  const readAtMs = walk.now();
  const hash = createHash('sha256');
  // A fifo or link that takes the file's place is neither waited for nor followed.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const handle = await open(full, flags);
  for await (const chunk of handle.createReadStream({ signal: walk.signal })) hash.update(chunk);
  const digest = hash.digest('hex');
  walk.cache.set(full, stat, digest, readAtMs);
  return digest;
}
