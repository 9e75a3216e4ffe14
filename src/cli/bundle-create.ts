import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { basesOf } from '../bundle/bases.ts';
import { manifestsPath } from '../bundle/contents.ts';
import { type Fetched, fetchImage } from '../bundle/fetch.ts';
import { type Bundle, openBundle } from '../bundle/open.ts';
import { removeTree } from '../bundle/remove.ts';
import { needFree, writeBundle } from '../bundle/write.ts';
import { fullName } from '../desired/builds.ts';
import { neededImages } from '../desired/needed.ts';
import { makeDirectory } from '../durable.ts';
import { onDisk } from '../image/disk.ts';
import { blobPath } from '../image/layout.ts';
import { formatPlatform, type Platform } from '../image/platform.ts';
import { counted } from '../model/count.ts';
import type { Desired, DesiredBuild, DesiredImage } from '../model/desired.ts';
import { parseReference } from '../model/reference.ts';
import { bytes } from '../model/size.ts';
import type { Loaded } from '../reconcile/ports.ts';
import { withCredentials } from './bundle-access.ts';
import type { BundleCreateFlags } from './bundle-flags.ts';
import { keepingFetched } from './bundle-left.ts';
import { describeBundle } from './bundle-report.ts';
import { stage } from './bundle-stage.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import { type Load, makeLoad, openPaths, printProblems } from './desire.ts';
import { CommandError } from './error.ts';
import { accessOf, platformOf } from './image-access.ts';
import { copyLine } from './image-progress.ts';

/**
 * `podstead bundle create PATH... -f FILE`. What it fetched stays in `FILE.partial` until it is done, and is used again by
 * the next try.
 */
export async function createBundle(
  context: Context,
  paths: readonly string[],
  flags: BundleCreateFlags,
): Promise<number> {
  const { signal } = context;
  const platform = platformOf(flags);
  await needFree(flags.file);
  const base = flags.base === undefined ? undefined : await openBase(flags.base, formatPlatform(platform));
  const load = makeLoad({ owner: context.owner, strict: flags.strict ?? false, podSecurity: flags.podSecurity });
  const snapshot = await (await openPaths(paths)).read({ signal });
  const given = await load(snapshot);
  if (await refused(context, given)) return 1;

  const directory = `${flags.file}.partial`;
  await onDisk(directory, () => makeDirectory(directory, { mode: 0o700 }));
  const filled = await keepingFetched(context, directory, async () => {
    const staged = join(directory, manifestsPath);
    const manifests = await stage({ snapshot, desired: given.desired, directory: staged, signal });
    await needSame(given.desired, await reread(staged, load, signal));
    const wanted = await wantedImages(context, given.desired, flags.image ?? []);
    const images = await fetchAll(context, wanted, { directory, platform, base, flags });
    const { revision } = snapshot;
    const input = { directory, platform: formatPlatform(platform), revision, images, manifests, base };
    return { images, written: await writeBundle(flags.file, input, signal) };
  });
  const { images, written } = filled;
  await removeTree(directory);
  if (context.output !== 'text') {
    const bundle = await openBundle(flags.file);
    await writeData(
      context.terminal,
      context.output,
      await describeBundle(bundle, { fault: undefined, size: written.size }),
    );
  } else if (!context.quiet) {
    const built = buildsIn(given.desired);
    const counts = [
      counted(snapshot.files.length, 'manifest'),
      counted(images.length, 'image'),
      ...(built > 0 ? [`${built} to build`] : []),
    ];
    const left = written.contents.absent.reduce((sum, { size }) => sum + size, 0);
    const without = left > 0 ? `, without ${bytes(left)} that "${flags.base}" has` : '';
    context.terminal.err(
      `Wrote ${flags.file}: ${counts.join(', ')}, ${bytes(written.size)}${without}\n  ${written.digest}\n`,
    );
  }
  return 0;
}

interface Fetching {
  readonly directory: string;
  readonly platform: Platform;
  readonly base: Base | undefined;
  readonly flags: BundleCreateFlags;
}

async function fetchAll(
  context: Context,
  wanted: readonly DesiredImage[],
  { directory, platform, base, flags }: Fetching,
): Promise<readonly Fetched[]> {
  const images: Fetched[] = [];
  for (const image of wanted) {
    const line = copyLine(context, image.reference, 'Fetching');
    const access = withCredentials(accessOf(context, flags), image);
    const options = { access, platform, isKnown: (digest: string) => base?.has(digest) ?? false };
    const fetched = await fetchImage(directory, image.reference, { ...options, onProgress: line.show }).finally(() =>
      line.end(),
    );
    images.push(fetched);
    if (!context.quiet && parseReference(image.reference)?.registry === undefined) {
      context.terminal.err(`Took ${image.reference} from ${fetched.from}\n`);
    }
  }
  return images;
}

function buildsIn({ images }: Desired): number {
  return [...images.values()].filter(({ build }) => build !== undefined).length;
}

/**
 * What must be fetched: images that are pulled, and what builds take of others. What this host alone has is left to the
 * target, as is what only a build's arguments name.
 */
async function wantedImages(
  { terminal }: Context,
  desired: Desired,
  more: readonly string[],
): Promise<readonly DesiredImage[]> {
  const needed = neededImages(desired);
  const wanted = new Map(needed.filter(({ build }) => build === undefined).map(image => [image.reference, image]));
  const add = (reference: string, { credentials }: Pick<DesiredImage, 'credentials'>): void => {
    if (!wanted.has(reference)) wanted.set(reference, { reference, build: undefined, credentials });
  };
  for (const reference of more) add(reference, { credentials: undefined });
  const names = needed.flatMap(({ reference, build }) => (build ? [reference, ...(build.declared?.names ?? [])] : []));
  const made = new Set(names.map(fullName));
  for (const image of needed) {
    if (image.build === undefined) continue;
    const { named, open } = await basesOf(await recipeOf(image.build));
    const left = [...open, ...named.filter(base => base.startsWith('localhost/') && !made.has(fullName(base)))];
    for (const base of named) if (!left.includes(base) && !made.has(fullName(base))) add(base, image);
    for (const base of left.filter(base => !wanted.has(base))) {
      terminal.err(
        `Leaving out ${base}, which ${image.reference} is built from: the target must have it, or name it by --image\n`,
      );
    }
  }
  return [...wanted.values()].toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
}

async function recipeOf({ declared, directory, file }: DesiredBuild): Promise<string> {
  return declared === undefined ? readFile(join(directory, file), 'utf8') : declared.recipe.text;
}

/** A bundle of half of what was meant is of no use where nobody can mend it. */
async function refused(context: Context, { problems }: Loaded): Promise<boolean> {
  const errors = problems.filter(({ severity }) => severity === 'error');
  await printProblems(context, problems);
  if (errors.length > 0) context.terminal.err('Made no bundle: mend the errors first\n');
  return errors.length > 0;
}

interface Base {
  readonly digest: string;
  readonly has: (digest: string) => boolean;
}

/** What whoever has the earlier bundle applied has: its layers, and those that it built on. */
async function openBase(path: string, platform: string): Promise<Base> {
  const { digest, contents, file }: Bundle = await openBundle(path);
  if (contents.platform !== platform) {
    throw new CommandError(`Cannot build on "${path}": it is for ${contents.platform}, not for ${platform}`, {
      hint: `Give --platform ${contents.platform}, or another base`,
    });
  }
  const absent = new Set(contents.absent.map(layer => layer.digest));
  return { digest, has: layer => absent.has(layer) || file(blobPath(layer)) !== undefined };
}

async function reread(directory: string, load: Load, signal: AbortSignal): Promise<Desired> {
  const staged = await (await openPaths([directory])).read({ signal });
  return (await load(staged)).desired;
}

/** What the target will read is what was read here. @throws CommandError where it is not */
async function needSame(given: Desired, staged: Desired): Promise<void> {
  const told = ({ declared, images }: Desired): string =>
    JSON.stringify([
      [...declared.keys()].sort(),
      [...images.values()].map(({ reference, build }) => `${reference} ${build?.digest ?? ''}`).sort(),
    ]);
  if (told(given) === told(staged)) return;
  throw new CommandError('Cannot bundle these manifests: they say something else once they stand in one directory', {
    hint: 'Put them and what their images are built from into one directory, and give that; see that nothing changes it',
  });
}
