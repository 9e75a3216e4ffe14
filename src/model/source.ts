import type { DeclaredBuild } from './build.ts';
import type { Digest } from './key.ts';
import type { Problem } from './problem.ts';

/** Names of build files, the preferred one first, as podman-build(1) looks for them. */
export const buildFiles: readonly string[] = ['Containerfile', 'Dockerfile'];

/** Ignore files of a build context, the preferred one first, as podman-build(1) looks for them. */
export const ignoreFiles: readonly string[] = ['.containerignore', '.dockerignore'];

/** The rules in the text of such a file. */
export function ignoreRules(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map(line => line.trim());
  return lines.filter(line => line !== '' && !line.startsWith('#'));
}

/** One manifest file, read whole. */
export interface SourceFile {
  /** As it is shown to people; `-` for standard input. */
  readonly path: string;
  /** Directory of the file, absolute: build contexts stand beside manifests. */
  readonly directory: string;
  readonly text: string;
}

/** A directory that holds a Containerfile or Dockerfile, and can be built into an image of its name. */
export interface BuildContext {
  /** Absolute path; its last component is what an image's name must end in. */
  readonly directory: string;
  /** `Containerfile` or `Dockerfile`, relative to `directory`. */
  readonly file: string;
  /** Over every path, mode, link target and content that a build can see. */
  readonly digest: Digest;
  /** True where a part of it cannot be read, so that the digest proves nothing: neither build it nor touch what uses it. */
  readonly unreadable?: boolean;
  /** Of an ImageBuild: then `digest` covers it too. */
  readonly declared?: DeclaredBuild;
  /** Why an ImageBuild cannot be used: neither build it nor touch what uses it. */
  readonly fault?: string;
}

/** All that a source says at one moment. */
export interface Snapshot {
  /** What identifies this state of the source for people: a commit, or a digest of the directory. */
  readonly revision: string;
  readonly files: readonly SourceFile[];
  /** By absolute directory. */
  readonly contexts: ReadonlyMap<string, BuildContext>;
  /** Faults met while reading; any error makes the view partial, so nothing is pruned. */
  readonly problems: readonly Problem[];
  /** Device and inode of the root, as `dev:ino`: a root that was replaced or unmounted shows here. */
  readonly identity: string;
  /** True while something rewrites the source (git's index.lock): absence proves nothing then. */
  readonly busy: boolean;
}
