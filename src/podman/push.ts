import { EngineError } from '../engine/engine.ts';
import type { RegistryCredential } from '../model/credential.ts';
import type { Context } from './context.ts';
import { record, text } from './json.ts';
import { path } from './query.ts';
import { registryFailure, registryHeaders } from './registry-error.ts';

export interface PushOptions {
  readonly signal: AbortSignal;
  /** False takes any certificate, and plain HTTP. */
  readonly tlsVerify?: boolean;
  readonly credentials?: Readonly<Record<string, RegistryCredential>> | undefined;
}

/**
 * Pushes an image of the engine's store to a registry.
 *
 * @param destination its name there, with or without `docker://`
 * @throws EngineError `REGISTRY_REFUSED`, `REGISTRY_UNREACHABLE` and others
 */
export async function pushImage(
  context: Context,
  id: string,
  destination: string,
  { signal, tlsVerify, credentials }: PushOptions,
): Promise<void> {
  const name = destination.replace(/^docker:\/\//, '');
  const what = `Cannot push to "${name}"`;
  const stream = context.http.documents({
    method: 'POST',
    path: path`/images/${id}/push`,
    query: { destination: name, tlsVerify, quiet: false },
    headers: registryHeaders(credentials),
    what,
    signal,
  });
  // The status is 200 whatever comes of it.
  for await (const value of stream) {
    const words = text(record(value).error).trim();
    if (words === '') continue;
    throw registryFailure(what, words) ?? new EngineError('ENGINE_ERROR', `${what}: ${words}`, { transient: true });
  }
}
