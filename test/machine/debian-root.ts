import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../e2e/host.ts';
import { madeOnce } from './once.ts';

const cache = resolve(import.meta.dirname, '../../.cache');

/** What a root is made from. */
export interface RootRecipe {
  /** Begins the name of the tar. */
  readonly name: string;
  /** Debian's name of the release. */
  readonly release: string;
  /** mmdebstrap's, which says what is there besides: `essential`, `apt`. */
  readonly variant: string;
  readonly packages: readonly string[];
  /** Files that are written into it, by absolute path. */
  readonly files: Readonly<Record<string, string>>;
  /** Lines of shell run once all is there, with the root as `$1`. */
  readonly setUp: readonly string[];
}

/** Nobody reads them there, and unpacking them would take a third of the time. */
const leftOut = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];

/**
 * A tar of a small Debian: made once, which takes most of a minute, and kept.
 *
 * @throws Error with mmdebstrap's last words
 */
export async function debianRoot(recipe: RootRecipe): Promise<string> {
  const digest = createHash('sha256')
    .update(JSON.stringify([recipe, leftOut]))
    .digest('hex');
  return madeOnce(join(cache, `${recipe.name}-${recipe.release}-${digest.slice(0, 12)}.tar`), making =>
    make(recipe, making),
  );
}

async function make(recipe: RootRecipe, tar: string): Promise<void> {
  const script = `${tar}.sh`;
  try {
    await writeFile(script, hook(recipe), { mode: 0o755 });
    const options = [
      '--quiet',
      '--mode=root',
      '--format=tar',
      `--variant=${recipe.variant}`,
      `--include=${recipe.packages.join(',')}`,
      ...leftOut.map(path => `--dpkgopt=path-exclude=${path}`),
      `--customize-hook=${script}`,
    ];
    const made = await run('mmdebstrap', [...options, recipe.release, tar, await mirror()], {}, makingLimitMs);
    const last = made.stderr.trim().split('\n').slice(-5).join('\n');
    if (made.code !== 0) throw new Error(`Cannot make a Debian root of ${recipe.release} with mmdebstrap: ${last}`);
  } finally {
    await rm(script, { force: true });
  }
}

/** For a machine that is busy with much else, in ms. */
const makingLimitMs = 900_000;

/** The mirror that this host itself uses. */
async function mirror(): Promise<string> {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian', 'Component: main'];
  const { stdout } = await run('apt-get', ['indextargets', ...format]);
  const found = stdout.split('\n').find(uri => /\/debian\/?$/.test(uri));
  if (found === undefined)
    throw new Error('Cannot make a Debian root: apt knows no mirror of Debian; run apt-get update');
  return found;
}

function hook({ files, setUp }: RootRecipe): string {
  const writes = Object.entries(files).map(([path, text]) => `rm -f "$1${path}"\nprintf '%s' '${text}' >"$1${path}"`);
  return ['#!/bin/sh', 'set -e', ...writes, ...setUp, ''].join('\n');
}
