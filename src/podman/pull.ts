import { EngineError, type PerformOptions } from '../engine/engine.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { engineReference } from './image-find.ts';
import { record, text } from './json.ts';
import { hubName } from './reference.ts';
import { registryFailure, registryHeaders } from './registry-error.ts';

/**
 * Pulls an image: `always` asks the registry even where the engine has one of that name.
 *
 * A short name goes as the engine resolves it (this host's own images, the aliases and search list of
 * registries.conf); where it knows none, it is Docker Hub's, as in Kubernetes.
 *
 * @throws EngineError `IMAGE_NOT_FOUND`, `REGISTRY_REFUSED`, `REGISTRY_UNREACHABLE`, `DISK_FULL`
 */
export async function pull(context: Context, action: ActionOf<'pull'>, opts: PerformOptions): Promise<void> {
  const { reference } = action.image;
  const words = await pullOnce(context, action, engineReference(reference), opts);
  if (words === undefined) return;
  const hub = hubName(reference);
  const unresolved = /did not resolve to an alias|no unqualified-search registries/.test(words);
  const last = hub !== undefined && unresolved ? await pullOnce(context, action, hub, opts) : words;
  if (last === undefined) return;
  const what = `Cannot pull "${reference}"`;
  throw registryFailure(what, last) ?? new EngineError('ENGINE_ERROR', `${what}: ${last}`, { transient: true });
}

/** One pull; the engine's words where it failed. The status is 200 in any case. */
async function pullOnce(
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
    signal,
  });
  const blobs = new Set<string>();
  let done = false;
  for await (const value of stream) {
    const { stream: line, error, id } = record(value);
    if (typeof error === 'string' && error !== '') return error.trim();
    if (text(id) !== '') done = true;
    const message = text(line).trim();
    if (message === '') continue;
    // The stream has no bytes in any version: it names each blob once, as its copy begins.
    const blob = /^Copying blob (\S+)/.exec(message)?.[1];
    if (blob !== undefined) blobs.add(blob);
    const numbered = blob === undefined ? message : `Copying blob ${blobs.size}: ${shortDigest(blob)}`;
    onProgress({ message: numbered, doneBytes: undefined, totalBytes: undefined });
  }
  return done ? undefined : 'the engine ended the pull without a result: unexpected EOF';
}

function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
