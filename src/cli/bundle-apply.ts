import { join } from 'node:path';
import { imageArchive, storedName } from '../bundle/archive.ts';
import { manifestsPath } from '../bundle/contents.ts';
import { type Bundle, openBundle } from '../bundle/open.ts';
import { unpackManifests } from '../bundle/unpack.ts';
import { verifyBundle, type WholeImage } from '../bundle/verify.ts';
import { withPresent } from '../desired/needed.ts';
import { EngineError } from '../engine/engine.ts';
import { digestParts } from '../image/digest.ts';
import { formatPlatform, hostPlatform, parsePlatform } from '../image/platform.ts';
import { bytes } from '../model/size.ts';
import { directorySource } from '../source/dir.ts';
import type { Source } from '../source/source.ts';
import { applySource } from './apply.ts';
import type { BundleApplyFlags } from './bundle-flags.ts';
import type { Context } from './context.ts';
import { contextsIn } from './desire.ts';
import { CommandError } from './error.ts';
import type { ImageKeeper } from './image-keeper.ts';
import { copyLine } from './image-progress.ts';
import type { World } from './world.ts';

/**
 * `podstead bundle apply FILE`: as `apply` of the directory that the bundle was made of, without asking any registry for
 * its images. Nothing is touched before all of it is proven.
 */
export async function applyBundle(context: Context, file: string, flags: BundleApplyFlags): Promise<number> {
  const bundle = await openBundle(file);
  const bases = await Promise.all((flags.base ?? []).map(openBundle));
  needPlatform(bundle);
  const images = await verify(context, bundle, bases);
  const directory = join(context.paths.state, 'bundle', manifestsPath);
  return applySource(
    context,
    {
      source: sourceOf(bundle, directory),
      doing: `bundle apply ${file}`,
      prepare: async (world, keeper) => {
        const bundles = [bundle, ...bases];
        for (const image of images) await give(context, world, { image, bundles, keeper });
        await unpackManifests(bundle, directory);
      },
      adjust: desired => withPresent(desired, new Set(bundle.contents.images.map(({ reference }) => reference))),
    },
    flags,
  );
}

/** What it was made of, under the revision that it had there. */
function sourceOf({ contents }: Bundle, directory: string): Source {
  const source = directorySource(directory, { cwd: process.cwd(), contextsIn });
  return { ...source, read: async opts => ({ ...(await source.read(opts)), revision: contents.revision }) };
}

function needPlatform({ path, contents }: Bundle): void {
  const { os, architecture } = parsePlatform(contents.platform);
  const host = hostPlatform(process.arch);
  if (os === host.os && architecture === host.architecture) return;
  throw new CommandError(
    `Cannot apply "${path}": it is for ${contents.platform}, this host is ${formatPlatform(host)}`,
    {
      hint: `Make it with --platform ${formatPlatform(host)}`,
    },
  );
}

async function verify(context: Context, bundle: Bundle, bases: readonly Bundle[]): Promise<readonly WholeImage[]> {
  const line = copyLine(context, bundle.path, 'Checking');
  const onProgress = (doneBytes: number, totalBytes: number): void => line.show({ message: '', doneBytes, totalBytes });
  return verifyBundle(bundle, { bases, contextsIn, signal: context.signal, onProgress }).finally(() => line.end());
}

interface Given {
  readonly image: WholeImage;
  readonly bundles: readonly Bundle[];
  readonly keeper: ImageKeeper;
}

/** Sees to it that the engine has an image, and that pods find this very one under its name. */
async function give(context: Context, { engine }: World, { image, bundles, keeper }: Given): Promise<void> {
  const { signal, terminal, quiet } = context;
  const { reference } = image.bundled;
  const id = digestParts(image.image.config.digest).hex;
  if ((await engine.imageId(reference, { signal })) === id) return;
  const size = image.image.layers.reduce((sum, layer) => sum + layer.size, 0);
  const line = copyLine(context, reference, 'Loading');
  line.show({ message: '', doneBytes: undefined, totalBytes: size });
  const load = (): Promise<unknown> =>
    engine.loadImage(imageArchive(image, bundles), { signal, what: `Cannot load "${reference}"` });
  await keeper
    .took(reference, load, signal)
    .catch((error: unknown) => {
      throw image.absent.length > 0 && error instanceof EngineError ? lacking(image, error) : error;
    })
    .finally(() => line.end());
  const found = await engine.imageId(reference, { signal });
  if (found !== id) throw shadowed(reference, found);
  if (!quiet && context.output === 'text') terminal.err(`  Loaded ${reference} (${bytes(size)})\n`);
}

function lacking({ bundled, absent }: WholeImage, cause: EngineError): CommandError {
  const message = `Cannot load "${bundled.reference}": ${absent.length} of its layers are in an earlier bundle alone, and the engine has not all of them`;
  return new CommandError(`${message} (${cause.message})`, {
    hint: 'Give the earlier bundle with --base FILE; nothing was changed but images',
    cause,
  });
}

function shadowed(reference: string, found: string | undefined): CommandError {
  const what = found === undefined ? 'nothing' : `image ${found.slice(0, 12)}`;
  return new CommandError(`Cannot use "${reference}" of the bundle: the engine finds ${what} under that name`, {
    hint: `Write "${storedName(reference)}" in the manifest, or remove the other image`,
  });
}
