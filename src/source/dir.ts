import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Problem } from '../model/problem.ts';
import type { Snapshot } from '../model/source.ts';
import { shownPath } from './fault.ts';
import { type ReaderOptions, rootError, rootReader } from './reader.ts';
import { type Source, SourceError } from './source.ts';

export type { ReaderOptions } from './reader.ts';

/**
 * A directory of manifests, read again from the ground up on each pass. It may be a link that is re-pointed, a mounted
 * ConfigMap or a git work tree.
 */
export function directorySource(dir: string, opts: ReaderOptions): Source {
  const path = resolve(opts.cwd, dir);
  const reader = rootReader(opts);
  return {
    name: path,
    async read({ signal }) {
      signal.throwIfAborted();
      await demandDirectory(path, opts.cwd);
      const { content: _, ...snapshot } = await reader.read({ path, type: 'directory' }, signal);
      return withEmptiness(snapshot, shownPath(path, opts.cwd));
    },
    async *wakes({ signal }) {
      // Loaded when something is watched: only the daemon does.
      const { watchRoots } = await import('./watch.ts');
      yield* watchRoots([{ path, type: 'directory' }], { signal });
    },
  };
}

async function demandDirectory(path: string, cwd: string): Promise<void> {
  const shown = shownPath(path, cwd);
  const found = await stat(path).catch((error: unknown) => Promise.reject(rootError(shown, error)));
  if (found.isDirectory()) return;
  const message = `Cannot read '${shown}' as a directory of manifests: it is a file`;
  throw new SourceError('SOURCE_UNREADABLE', message, { hint: 'Name the directory that holds it' });
}

/** Says so where a source has no manifest at all: that is seldom what was meant. */
export function withEmptiness(snapshot: Snapshot, shown: string): Snapshot {
  if (snapshot.files.length > 0 || snapshot.problems.length > 0) return snapshot;
  const problem: Problem = {
    code: 'SOURCE_EMPTY',
    severity: 'warning',
    file: shown,
    line: 1,
    column: 1,
    message: `Found no manifest in '${shown}': expected files named *.yaml, *.yml or *.json`,
    hint: 'Check the path; hidden entries and directories with a Containerfile or Dockerfile are not searched',
  };
  return { ...snapshot, problems: [problem] };
}
