import type { PerformOptions } from '../engine/engine.ts';
import type { DesiredImage } from '../model/desired.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { findImage } from './image-find.ts';
import { record, text } from './json.ts';
import { countBlobs } from './pull-progress.ts';
import { registryHeaders } from './registry-error.ts';

/**
 * How long a pull may show no progress, in milliseconds: engines bear a registry that hangs for ever, and four such would
 * keep all others waiting. A big layer that is unpacked on a slow disk is silent too, so this is twice what containerd
 * bears by default (image_pull_progress_timeout, 5 min).
 */
const silenceMs = 600_000;

/** Statuses with which 4.3 and 5.x refuse before the stream, 5.x with the registry's own; in it, failures come as documents. */
const refusals = [400, 401, 403, 404, 429, 500, 502, 503];

/**
 * Pulls an image under its full name, and gives the engine's words where it failed.
 *
 * By Docker's endpoint, whose stream counts bytes; libpod's own has none in any version. It takes credentials,
 * digests and registries.conf (insecure registries too) alike, and always asks the registry.
 */
export async function pullNamed(
  context: Context,
  image: DesiredImage,
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
 * Pulls a short name without an alias, and gives the engine's words where it failed.
 *
 * By libpod's endpoint, which has no bytes: Docker's takes it for Docker Hub's,
 * whatever search list registries.conf has.
 */
export async function pullShort(
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
