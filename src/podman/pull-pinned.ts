import { EngineError, type PerformOptions, type Signalled } from '../engine/engine.ts';
import type { DesiredImage } from '../model/desired.ts';
import type { PinnedImage } from '../model/pinned.ts';
import type { Context } from './context.ts';
import { findImage } from './image-find.ts';
import { listImages } from './image-store.ts';
import { record, texts } from './json.ts';
import { pullNamed } from './pull-stream.ts';
import { path } from './query.ts';

/**
 * Pulls the image of a digest, and gives it the name that a pull by its tag would have given. Killed in between, it has
 * its digest for a name alone: the next pull of it fetches nothing, and names it.
 *
 * One image is pulled once at a time, under whatever names: 4.3 sets all names of an image at once, those that it had a
 * moment before and another, so that of two at the same time one is lost.
 *
 * @returns the engine's words where it failed
 * @throws EngineError `NAME_TAKEN` where the reference stands for another image of this host all the same
 */
export function pullPinned(
  context: Context,
  image: DesiredImage,
  pinned: PinnedImage,
  opts: PerformOptions,
): Promise<string | undefined> {
  return context.imageGates.run(pinned.digest, () => pullAlone(context, image, pinned, opts));
}

async function pullAlone(
  context: Context,
  image: DesiredImage,
  { repository, tag, digest }: PinnedImage,
  opts: PerformOptions,
): Promise<string | undefined> {
  const { signal } = opts;
  const { reference } = image;
  const digested = `${repository}@${digest}`;
  const isOthers = (await listImages(context, { signal })).some(({ names }) => names.includes(digested));
  const words = await pullNamed(context, image, digested, opts);
  if (words !== undefined || tag === undefined) return words;
  const found = await findImage(context, digested, signal);
  if (found === undefined) return 'the engine ended the pull without a result: unexpected EOF';
  const what = `Cannot name the image that was pulled for "${reference}"`;
  const name = (verb: 'tag' | 'untag', repo: string, tag: string): Promise<unknown> =>
    context.http.call({ method: 'POST', path: path`/images/${found.id}/${verb}`, query: { repo, tag }, what, signal });
  await context.nameGate.run(async () => {
    await name('tag', repository, tag);
    // A pull by the tag would not have left it; with it, an image that nothing names any more would not be seen as such.
    if (!isOthers) await name('untag', ...splitDigested(digested)).catch(() => undefined);
  });
  const standing = await findImage(context, reference, signal);
  if (standing?.id === found.id) return undefined;
  const message = `Cannot use "${reference}": it was pulled as "${repository}:${tag}", and the engine finds another image under that name`;
  throw new EngineError('NAME_TAKEN', message, {
    hint: `Write "${repository}:${tag}" in the manifest, or remove the other image`,
  });
}

/** The two parts of a name that the engine's calls put together with a colon. */
function splitDigested(name: string): readonly [repo: string, tag: string] {
  const colon = name.lastIndexOf(':');
  return [name.slice(0, colon), name.slice(colon + 1)];
}

/**
 * Holds what a pull by the tag has brought against what was planned.
 *
 * @throws EngineError `GONE` where it is another image: who looks again plans with that
 */
export async function checkPinned(
  context: Context,
  reference: string,
  { repository, tag, digest }: PinnedImage,
  { signal }: Signalled,
): Promise<void> {
  if (tag === undefined) return;
  const at = path`/images/${`${repository}:${tag}`}/json`;
  const what = `Cannot look at image "${reference}"`;
  const { body } = await context.http.call({ method: 'GET', path: at, accept: [404], what, signal });
  const digests = texts(record(body).RepoDigests);
  if (digests.some(each => each.endsWith(`@${digest}`))) return;
  const message = `Cannot pull "${reference}" as planned: its registry had ${digest} then, and has another image now`;
  throw new EngineError('GONE', message, { hint: 'Look again: the tag was moved meanwhile', transient: true });
}
