import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { basesOf } from '../bundle/bases.ts';
import type { BuildOptions, BuildRequest, BuildStep, BuiltImage } from '../model/build.ts';
import type { PodmanEngine } from '../podman/engine.ts';
import { localName } from '../podman/reference.ts';
import { fileBuilds } from '../record/builds.ts';
import { contextReader } from '../source/context.ts';
import type { Context } from './context.ts';

/** What is known of a build before it is run. */
export interface KnownBuild {
  /** What it came to the last time, where nothing that goes into it has changed and the engine has that under all its names. */
  readonly image: BuiltImage | undefined;
  /** Remembers what it came to now, by these steps, unless something of it changed meanwhile. */
  note(image: BuiltImage, steps: readonly BuildStep[]): Promise<void>;
}

type Looks = Pick<PodmanEngine, 'imageId' | 'version'>;

/**
 * Spares the engine a build that would come out of its cache step by step. What goes into a build is all that it could
 * see: files of the context, Containerfile, options and the images that it starts from. One that could see more, as it
 * fetches a URL or is to ask for newer images, is left to the engine; so is one that is to be built without the cache.
 */
export async function knownBuild(context: Context, engine: Looks, request: BuildRequest): Promise<KnownBuild> {
  const { read } = contextReader(context.clock.now);
  const show = (path: string): string => path;
  const files = async (directory: string): Promise<string | undefined> => {
    const found = await read(directory, { show, signal: context.signal, declared: true });
    return found?.context.unreadable === true ? undefined : found?.context.digest;
  };
  const look = (): Promise<Input | undefined> => inputOf(request, engine, { files, signal: context.signal });
  const before = await look();
  const builds = fileBuilds(context.paths.state);
  const outcome = before && isWhole(before) ? (await builds.load()).get(digestOf(before)) : undefined;
  return {
    image: outcome !== undefined && (await isThere(outcome, request, engine, context.signal)) ? outcome : undefined,
    note: async ({ id, digest }, steps) => {
      if (before === undefined || hasTriggers(steps)) return;
      // It is built, whatever goes wrong here: without the note the next one comes out of the engine's cache.
      const after = await look().catch(() => undefined);
      if (after === undefined || !isWhole(after) || !hasGrownFrom(after, before)) return;
      await builds.add(digestOf(after), { id, digest, builtAtMs: context.clock.now() }).catch(() => undefined);
    },
  };
}

/** All that goes into a build. */
interface Input {
  /** Everything but the base images, as text. */
  readonly rest: string;
  /** Ids of the base images, by the names that the Containerfile has for them; undefined where the engine has none yet. */
  readonly bases: ReadonlyMap<string, string | undefined>;
}

interface Eyes {
  /** Digest of a context; undefined where not all of it can be read. */
  readonly files: (directory: string) => Promise<string | undefined>;
  readonly signal: AbortSignal;
}

/** Undefined where not all of it can be told. */
async function inputOf(request: BuildRequest, engine: Looks, { files, signal }: Eyes): Promise<Input | undefined> {
  const { directory, only, recipe, options = {}, names, labels } = request;
  if (only !== undefined || !isCached(options)) return undefined;
  const text = 'text' in recipe ? recipe.text : await readFile(join(directory ?? '', recipe.file), 'utf8');
  const { named, open, fetches, isUnclear } = await basesOf(text);
  const at = 'file' in recipe ? recipe.file : recipe.name;
  // The C preprocessor makes a Containerfile of *.in (podman-build(1)), of files that may be anywhere.
  if (open.length > 0 || fetches || isUnclear || at.endsWith('.in')) return undefined;
  const digest = directory === undefined ? '' : await files(directory);
  if (digest === undefined) return undefined;
  const ids = await Promise.all(named.map(async name => [name, await engine.imageId(name, { signal })] as const));
  const { secrets: _, pull: __, tlsVerify: ___, ...told } = options;
  const rest = JSON.stringify([engine.version, digest, at, text, names, sorted(labels), sorted(told)]);
  return { rest, bases: new Map(ids.toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}

/**
 * Whether the engine's own cache would serve it: not for what is squashed, and steps may do otherwise with other secrets.
 * Another base than the Containerfile's, and other files than the context's ignore file leaves, are left to the engine, too.
 */
function isCached({ cache, layers, squashAll, pull, secrets = [], from, ignore }: BuildOptions): boolean {
  const isUsual = from === undefined && ignore === undefined && secrets.length === 0;
  return isUsual && cache !== false && layers !== false && squashAll !== true && pull !== 'always';
}

function isWhole({ bases }: Input): boolean {
  return [...bases.values()].every(id => id !== undefined);
}

/**
 * Whether a base image brought steps of its own (ONBUILD), which may see what the Containerfile does not say: Buildah counts
 * them into the stage when it comes to them. Podman's API tells of none.
 */
function hasTriggers(steps: readonly BuildStep[]): boolean {
  const counts = new Map<number | undefined, number>();
  return steps.some(({ stage, of }) => {
    const before = counts.get(stage?.number);
    counts.set(stage?.number, of);
    return before !== undefined && before !== of;
  });
}

/** The same but for base images that the build has pulled. */
function hasGrownFrom(after: Input, before: Input): boolean {
  const isSame = ([name, id]: [string, string | undefined]): boolean =>
    id === undefined || id === after.bases.get(name);
  return after.rest === before.rest && [...before.bases].every(isSame);
}

function digestOf({ rest, bases }: Input): string {
  return createHash('sha256')
    .update(JSON.stringify([rest, [...bases]]))
    .digest('hex');
}

/** In an order of its own: whoever gives the same options in another order means the same. */
function sorted(members: object): readonly (readonly [string, unknown])[] {
  return Object.entries(members)
    .map(([name, value]) => [name, isPlain(value) ? sorted(value) : value] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function isThere(
  { id }: BuiltImage,
  { names }: BuildRequest,
  engine: Looks,
  signal: AbortSignal,
): Promise<boolean> {
  const wanted = names.length === 0 ? [id] : names.map(localName);
  const found = await Promise.all(wanted.map(name => engine.imageId(name, { signal })));
  return found.every(each => each === id);
}
