import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable.ts';
import { onDisk } from '../image/disk.ts';
import type { ConfigStep } from '../manifest/image-build.ts';
import { holdPlace } from '../record/lock.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';

/** An image that is made verb by verb, as Buildah's working containers are. */
export interface Working {
  readonly name: string;
  /** As it was given. */
  readonly from: string;
  /** What `config` said; applied by `commit`, and to commands as far as it is about them. */
  readonly config: ConfigStep;
  /** Of the manifest that `commit` makes. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Container of a mount that is under way. */
  readonly mount?: string | undefined;
}

/** Names as the engine takes them for images. */
const namePattern = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** The image that holds what was done so far. */
export function imageOf({ owner }: Pick<Context, 'owner'>, name: string): string {
  return `localhost/podstead-working/${owner}/${name}:latest`;
}

function fileOf({ paths }: Context, name: string): string {
  if (namePattern.test(name)) return join(paths.state, 'working', `${name}.json`);
  throw new CommandError(`Cannot use "${name}" as the name of a working container`, {
    hint: 'Use lower-case letters and digits, with single dots, dashes and underscores between them',
  });
}

/** @throws CommandError where there is none of that name */
export async function readWorking(context: Context, name: string): Promise<Working> {
  const found = await findWorking(context, name);
  if (found !== undefined) return found;
  const hint = `Make it with "podstead build from IMAGE"; there are: ${(await listWorking(context)).join(', ') || 'none'}`;
  throw new CommandError(`Cannot find the working container "${name}"`, { hint });
}

/** @throws CommandError where a working container has that name */
export async function refuseTaken(context: Context, name: string): Promise<void> {
  if ((await findWorking(context, name)) === undefined) return;
  const hint = `Remove it with "podstead build rm ${name}", or give another name`;
  throw new CommandError(`Cannot make the working container "${name}": there is one`, { hint });
}

async function findWorking(context: Context, name: string): Promise<Working | undefined> {
  const text = await readFile(fileOf(context, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as Working);
}

export async function writeWorking(context: Context, working: Working): Promise<void> {
  const path = fileOf(context, working.name);
  await onDisk(path, () => writeDurably(path, `${JSON.stringify(working)}\n`));
}

export async function forgetWorking(context: Context, name: string): Promise<void> {
  await rm(fileOf(context, name), { force: true });
}

/** Names, sorted. */
export async function listWorking({ paths }: Context): Promise<readonly string[]> {
  const names = await readdir(join(paths.state, 'working')).catch(() => []);
  return names.flatMap(name => /^([^.].*)\.json$/.exec(name)?.[1] ?? []).sort();
}

/** Does something to a working container while nobody else does. @throws CommandError where somebody does */
export async function aloneWith<T>(context: Context, name: string, body: () => Promise<T>): Promise<T> {
  const source = `build ${name}`;
  const place = await holdPlace(`working${fileOf(context, name)}`, {
    pid: process.pid,
    sinceMs: context.clock.now(),
    source,
  });
  if (!place.held) {
    const who = place.by === undefined ? 'another command' : `another command (pid ${place.by.pid})`;
    throw new CommandError(`Cannot change the working container "${name}": ${who} does`, {
      hint: 'Wait for it to end',
    });
  }
  try {
    return await body();
  } finally {
    await place.release();
  }
}
