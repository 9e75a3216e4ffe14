import { EngineError, type PerformOptions } from '../engine/engine.ts';
import type { ActionOf } from '../model/plan.ts';
import { aliasOf } from './aliases.ts';
import type { Context } from './context.ts';
import { engineReference, findImage } from './image-find.ts';
import { checkPinned, pullPinned } from './pull-pinned.ts';
import { pullNamed, pullShort } from './pull-stream.ts';
import { hubName } from './reference.ts';
import { areFor, registryFailure } from './registry-error.ts';

/**
 * Pulls an image: `always` asks the registry even where the engine has one of that name.
 *
 * A short name goes as the engine resolves it (this host's own images, then the aliases and search list of
 * registries.conf); where it knows none, it is Docker Hub's, as in Kubernetes. One that the plan has pinned is the very
 * image of that digest, under the name that its tag would have given it.
 *
 * @throws EngineError `IMAGE_NOT_FOUND`, `REGISTRY_REFUSED`, `REGISTRY_UNREACHABLE`, `UNTRUSTED`, `DISK_FULL`, `TIMEOUT`;
 *   `GONE` where the pinned image cannot be had any more
 */
export async function pull(context: Context, action: ActionOf<'pull'>, opts: PerformOptions): Promise<void> {
  const { reference } = action.image;
  if (!action.always && (await findImage(context, reference, opts.signal)) !== undefined) return;
  const what = `Cannot pull "${reference}"`;
  const isKnown = areFor(action.image.credentials?.reveal(), reference);
  const failure = (words: string): EngineError =>
    registryFailure(what, words, isKnown) ?? new EngineError('ENGINE_ERROR', `${what}: ${words}`, { transient: true });
  const { pinned } = action;
  if (pinned !== undefined && !pinned.byTag) {
    const words = await pullPinned(context, action.image, pinned, opts);
    if (words === undefined) return;
    // Some registries keep what a tag has left for no time, and some mirrors have tags alone.
    if (failure(words).code !== 'IMAGE_NOT_FOUND') throw failure(words);
  }
  const words = await pullUnpinned(context, action, opts);
  if (words !== undefined) throw failure(words);
  if (pinned !== undefined) await checkPinned(context, reference, pinned, opts);
}

/** The engine's words where it failed. */
async function pullUnpinned(
  context: Context,
  action: ActionOf<'pull'>,
  opts: PerformOptions,
): Promise<string | undefined> {
  const { reference } = action.image;
  const hub = hubName(reference);
  const alias = aliasOf(reference, await context.aliases());
  if (alias !== undefined) return pullNamed(context, action.image, alias, opts);
  if (hub === undefined) return pullNamed(context, action.image, engineReference(reference), opts);
  const words = await pullShort(context, action, engineReference(reference), opts);
  const isUnresolved = /did not resolve to an alias|no unqualified-search registries/.test(words ?? '');
  return isUnresolved ? pullNamed(context, action.image, hub, opts) : words;
}
