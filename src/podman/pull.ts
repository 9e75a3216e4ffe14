import { EngineError, type PerformOptions } from '../engine/engine.ts';
import type { ActionOf } from '../model/plan.ts';
import { aliasOf } from './aliases.ts';
import type { Context } from './context.ts';
import { engineReference, findImage } from './image-find.ts';
import { record, text } from './json.ts';
import { countBlobs } from './pull-progress.ts';
import { hubName } from './reference.ts';
import { registryFailure, registryHeaders } from './registry-error.ts';

/**
 * Pulls an image: `always` asks the registry even where the engine has one of that name.
 *
 * A short name goes as the engine resolves it (this host's own images, then the aliases and search list of
 * registries.conf); where it knows none, it is Docker Hub's, as in Kubernetes.
 *
 * @throws EngineError `IMAGE_NOT_FOUND`, `REGISTRY_REFUSED`, `REGISTRY_UNREACHABLE`, `UNTRUSTED`, `DISK_FULL`, `TIMEOUT`
 */
export async function pull(context: Context, action: ActionOf<'pull'>, opts: PerformOptions): Promise<void> {
  const { reference } = action.image;
  if (!action.always && (await findImage(context, reference, opts.signal)) !== undefined) return;
  const words = await pullFirst(context, action, opts);
  if (words === undefined) return;
  const what = `Cannot pull "${reference}"`;
  throw registryFailure(what, words) ?? new EngineError('ENGINE_ERROR', `${what}: ${words}`, { transient: true });
}

/** The engine's words where it failed. */
async function pullFirst(
  context: Context,
  action: ActionOf<'pull'>,
  opts: PerformOptions,
): Promise<string | undefined> {
  const { reference } = action.image;
  const hub = hubName(reference);
  const alias = aliasOf(reference, await context.aliases());
  if (alias !== undefined) return pullNamed(context, action, alias, opts);
  if (hub === undefined) return pullNamed(context, action, engineReference(reference), opts);
  const words = await pullShort(context, action, engineReference(reference), opts);
  const isUnresolved = /did not resolve to an alias|no unqualified-search registries/.test(words ?? '');
  return isUnresolved ? pullNamed(context, action, hub, opts) : words;
}

/**
 * How long a pull may show no progress, in milliseconds: engines bear a registry that hangs for ever, and four such would
 * keep all others waiting. A big layer that is unpacked on a slow disk is silent too, so this is twice what containerd
 * bears by default (image_pull_progress_timeout, 5 min).
 */
const silenceMs = 600_000;

/** Statuses with which 4.3 and 5.x refuse before the stream, 5.x with the registry's own; in it, failures come as documents. */
const refusals = [400, 401, 403, 404, 429, 500, 502, 503];

/**
 * Pulls by Docker's endpoint, whose stream counts bytes; libpod's own has none in any version. It takes credentials,
 * digests and registries.conf (insecure registries too) alike, and always asks the registry.
 */
async function pullNamed(
  context: Context,
  { image }: ActionOf<'pull'>,
  reference: string,
  { signal, onProgress }: PerformOptions,
): Promise<string | undefined> {
  const stream = context.http.documents({
    method: 'POST',
    api: 'docker',
    path: '/images/create',
    query: { fromImage: reference },
    headers: registryHeaders(image.credentials?.reveal()),
    accept: refusals,
    what: `Cannot pull "${image.reference}"`,
    silenceMs,
    signal,
  });
  const count = countBlobs();
  for await (const value of stream) {
    const { status, error, message } = record(value);
    if (text(error) !== '') return text(error).trim();
    if (text(status) === '') return text(message).trim() || 'the engine refused without a reason';
    const progress = count(value);
    if (progress !== undefined) onProgress(progress);
  }
  // Its last document names no image in 4.3, and another one in 5.x.
  const found = await findImage(context, reference, signal);
  return found === undefined ? 'the engine ended the pull without a result: unexpected EOF' : undefined;
}

/**
 * Pulls a short name without an alias by libpod's endpoint, which has no bytes: Docker's takes it for Docker Hub's,
 * whatever search list registries.conf has.
 */
async function pullShort(
  context: Context,
  { image, always }: ActionOf<'pull'>,
  reference: string,
  { signal, onProgress }: PerformOptions,
): Promise<string | undefined> {
  const stream = context.http.documents({
    method: 'POST',
    path: '/images/pull',
    query: { reference, policy: always ? 'always' : 'missing', quiet: false },
    headers: registryHeaders(image.credentials?.reveal()),
    what: `Cannot pull "${image.reference}"`,
    silenceMs,
    signal,
  });
  let done = false;
  for await (const value of stream) {
    const { stream: line, error, id } = record(value);
    if (text(error) !== '') return text(error).trim();
    if (text(id) !== '') done = true;
    const message = text(line).trim();
    if (message !== '') onProgress({ message, doneBytes: undefined, totalBytes: undefined });
  }
  return done ? undefined : 'the engine ended the pull without a result: unexpected EOF';
}
