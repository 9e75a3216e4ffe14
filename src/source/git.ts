import { execFile } from 'node:child_process';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errnoOf } from './fault.ts';

/** A git work tree that holds a directory; gitrepository-layout(5). */
export interface GitPlace {
  readonly workTree: string;
  /** Holds HEAD and index.lock: `.git`, or for a linked work tree `.git/worktrees/NAME` of the main one. */
  readonly gitDir: string;
  /** Holds refs; the same as `gitDir` but for linked work trees. */
  readonly commonDir: string;
}

/** Finds the work tree around a real path, by reading files alone; undefined where there is none. */
export async function findGit(directory: string): Promise<GitPlace | undefined> {
  for (let workTree = directory; ; workTree = dirname(workTree)) {
    const gitDir = await gitDirOf(workTree);
    if (gitDir !== undefined) {
      const common = (await text(join(gitDir, 'commondir')))?.trim();
      return { workTree, gitDir, commonDir: common === undefined ? gitDir : resolve(gitDir, common) };
    }
    if (workTree === dirname(workTree)) return undefined;
  }
}

async function gitDirOf(workTree: string): Promise<string | undefined> {
  const path = join(workTree, '.git');
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return (await exists(join(path, 'HEAD'))) ? path : undefined;
  if (!found?.isFile()) return undefined;
  const target = /^gitdir: (.+)/.exec((await text(path)) ?? '')?.[1]?.trim();
  return target === undefined ? undefined : resolve(workTree, target);
}

/** The commit that HEAD names, in full; undefined before the first commit and where refs are stored otherwise. */
export async function headCommit(place: GitPlace): Promise<string | undefined> {
  let value = (await text(join(place.gitDir, 'HEAD')))?.trim();
  // A symbolic ref may name another one; git itself gives up after five, refs.c SYMREF_MAXDEPTH.
  for (let depth = 0; depth < 5 && value?.startsWith('ref: '); depth++) {
    value = await refValue(place, value.slice('ref: '.length).trim());
  }
  return value !== undefined && /^[0-9a-f]{40,64}$/.test(value) ? value : undefined;
}

async function refValue(place: GitPlace, ref: string): Promise<string | undefined> {
  if (!ref.startsWith('refs/') || ref.includes('..')) return undefined;
  const loose = (await text(join(place.gitDir, ref))) ?? (await text(join(place.commonDir, ref)));
  if (loose !== undefined) return loose.trim();
  const packed = (await text(join(place.commonDir, 'packed-refs'))) ?? '';
  return packed
    .split('\n')
    .find(line => line.endsWith(` ${ref}`))
    ?.split(' ')[0];
}

/** Files that stand in the git directory while a command of git rewrites the work tree, or waits for a person to. */
const underWay = ['index.lock', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply'];

/** True while a git operation is under way in the work tree. */
export async function gitBusy(place: GitPlace): Promise<boolean> {
  const found = await Promise.all(underWay.map(name => exists(join(place.gitDir, name))));
  return found.includes(true);
}

/**
 * Asks git for what differs from HEAD below a directory: paths relative to the work tree, ignored files among them
 * (`ignored` tells which; a directory ends in a slash). Undefined where git is missing or refuses, as it does for a
 * work tree of another user (safe.directory, git-config(1)); that refusal is a guard and stays.
 */
export async function gitDifferences(
  place: GitPlace,
  opts: { readonly git: string; readonly directory: string; readonly signal: AbortSignal },
): Promise<readonly { readonly path: string; readonly ignored: boolean }[] | undefined> {
  const safe = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
  const ask = ['status', '--porcelain=v1', '-z', '--no-renames', '--ignored', '--', opts.directory];
  const out = await run(opts.git, ['-C', place.workTree, ...safe, ...ask], opts.signal);
  return out
    ?.split('\0')
    .filter(line => line !== '')
    .map(line => ({ path: line.slice(3), ignored: line.startsWith('!!') }));
}

function run(file: string, args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  return new Promise(done => {
    execFile(file, args, { signal, timeout: 10_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      done(error === null ? stdout : undefined);
    });
  });
}

/** The content of a small file; undefined where it is not there, or not for us. */
async function text(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
