import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildRequest } from '../model/build.ts';
import { ignoreFiles, ignoreRules } from '../model/source.ts';

/** What is uploaded for a build, and how the engine finds its way in it. */
export interface Upload {
  readonly content: AsyncIterable<Uint8Array>;
  /** Path of the Containerfile in it. */
  readonly file: string;
  /** Rules of what no step may copy; undefined leaves them to the engine, which reads the context's ignore file. */
  readonly excludes: readonly string[] | undefined;
  /** As the engine wants them: `id=…,src=FILE`. */
  readonly secrets: readonly string[];
}

interface Extra {
  readonly path: string;
  readonly content: Uint8Array;
}

/**
 * A tar of the context without what its ignore file leaves out. Secrets come with it, and the engine moves them out of the
 * context before the first step; a Containerfile from elsewhere is in a directory that no step can copy.
 *
 * Owners are left out, as steps give files to root or to whom they say; times stay, as steps keep them.
 */
export async function uploadOf(request: BuildRequest): Promise<Upload> {
  const { directory, only, recipe, options = {} } = request;
  // A name that no context has, and that nobody can aim at.
  const own = `.podstead-${randomBytes(8).toString('hex')}`;
  const secrets = (options.secrets ?? []).map(({ id, content }, index) => ({
    option: `id=${id},src=${own}-secret-${index}`,
    path: `${own}-secret-${index}`,
    content,
  }));
  const isOutside = 'text' in recipe;
  const file = isOutside ? `${own}/Containerfile` : recipe.file;
  const outside = isOutside ? [{ path: file, content: Buffer.from(recipe.text) }] : [];
  const hasRules = directory !== undefined && only === undefined;
  const rules = options.ignore ?? (hasRules ? await readRules(directory) : []);
  return {
    content: archive(request, rules, [...outside, ...secrets]),
    file,
    excludes: isOutside ? [...rules, own] : options.ignore,
    secrets: secrets.map(({ option }) => option),
  };
}

async function readRules(directory: string): Promise<readonly string[]> {
  for (const name of ignoreFiles) {
    const text = await readFile(join(directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text !== undefined) return ignoreRules(text);
  }
  return [];
}

async function* archive(
  { directory, only = ['.'], recipe }: BuildRequest,
  rules: readonly string[],
  extras: readonly Extra[],
): AsyncGenerator<Uint8Array, void> {
  // Loaded when something is built: most commands never need them.
  const [{ create, Header }, { default: ignore }] = await Promise.all([import('tar'), import('@balena/dockerignore')]);
  for (const { path, content } of extras) {
    const header = new Header({
      path,
      mode: 0o600,
      uid: 0,
      gid: 0,
      size: content.length,
      type: 'File',
      mtime: new Date(0),
    });
    header.encode();
    if (header.block !== undefined) yield header.block;
    yield content;
    yield new Uint8Array((512 - (content.length % 512)) % 512);
  }
  if (directory === undefined) {
    yield new Uint8Array(1024);
    return;
  }
  const matcher = ignore.default({ ignorecase: false }).add([...rules]);
  const hasExceptions = rules.some(rule => rule.startsWith('!'));
  const isSent = (path: string): boolean =>
    path === '' || ('file' in recipe && path === recipe.file) || !matcher.ignores(path);
  const packed = create(
    {
      cwd: directory,
      // What an exception may bring back needs its directories.
      filter: (path, stat) => {
        const name = path.replace(/^\.\/?/, '').replace(/\/$/, '');
        return isSent(name) || (isDirectory(stat) && (hasExceptions || holds(recipe, name)));
      },
      onWriteEntry: entry => {
        if (entry.stat !== undefined) Object.assign(entry.stat, { uid: 0, gid: 0 });
      },
    },
    // A name that begins with @ would be an archive whose members are taken.
    only.map(path => (path === '.' ? path : `./${path}`)),
  );
  for await (const chunk of packed) yield chunk;
}

/** Whether a directory is on the way to the Containerfile. */
function holds(recipe: BuildRequest['recipe'], directory: string): boolean {
  return 'file' in recipe && recipe.file.startsWith(`${directory}/`);
}

/** The packer hands over what lstat(2) told. */
function isDirectory(stat: object): boolean {
  return 'isDirectory' in stat && typeof stat.isDirectory === 'function' && stat.isDirectory() === true;
}
