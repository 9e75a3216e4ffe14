import { EngineError } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { record, text } from './json.ts';
import { path } from './query.ts';

/** A container of an image whose files can be changed from the host. */
export interface Mounted {
  readonly container: string;
  /** Absolute, on the engine's host; for a user only below `podman unshare`. */
  readonly path: string;
}

interface WorkingOptions {
  readonly signal: AbortSignal;
}

/** Mounts an image to be written to: by a container that never runs, and that no agent takes for its own. @throws EngineError */
export async function mountWorking(
  { http, owner }: Context,
  image: string,
  name: string,
  { signal }: WorkingOptions,
): Promise<Mounted> {
  const what = `Cannot mount the working container "${name}"`;
  // Without labels of ours, and without what the engine would set: a commit copies both into the image. It also writes
  // down `/` where there is no working directory, which comes to the same.
  const body = { image, name: `podstead-working-${owner}-${name}`, unsetenv: ['TERM', 'container'] };
  const made = await http.call({ method: 'POST', path: '/containers/create', body, what, signal });
  const container = text(record(made.body).Id);
  // Podman 4.3 answers with the bare path, and not with JSON.
  const chunks: Uint8Array[] = [];
  const call = { method: 'POST', path: path`/containers/${container}/mount`, what, signal } as const;
  for await (const chunk of http.bytes(call)) chunks.push(chunk);
  const answer = Buffer.concat(chunks).toString('utf8').trim();
  return { container, path: answer.startsWith('"') ? text(JSON.parse(answer)) : answer };
}

/** Makes an image of what was written to a mount, and ends the mount. @throws EngineError */
export async function commitWorking(
  context: Context,
  container: string,
  name: string,
  { signal }: WorkingOptions,
): Promise<void> {
  const what = `Cannot keep what was written to the mount`;
  const at = name.lastIndexOf(':');
  const query = { container, repo: name.slice(0, at), tag: name.slice(at + 1), format: 'oci', pause: false };
  const call = { method: 'POST', path: '/commit', query, what, timeoutMs: 600_000, signal } as const;
  await context.http.call(call).catch((error: unknown) => {
    throw withMend(error);
  });
  await dropWorking(context, container, { signal });
}

/**
 * The service of Podman 4.3 makes no image where a user's storage.conf leaves these out, although containers run: it reads
 * the file anew for that, without the defaults (seen on 4.3.1).
 */
function withMend(error: unknown): unknown {
  if (!(error instanceof EngineError) || !error.message.includes('runroot must be set')) return error;
  const hint =
    'Set runroot and graphroot in ~/.config/containers/storage.conf to what "podman info" says; what was written is still there';
  return new EngineError(error.code, error.message, { hint, cause: error });
}

/** Ends a mount, with all that was written to it; one that is gone is fine. @throws EngineError */
export async function dropWorking({ http }: Context, container: string, { signal }: WorkingOptions): Promise<void> {
  const what = 'Cannot unmount the working container';
  const accept = [404];
  await http.call({ method: 'POST', path: path`/containers/${container}/unmount`, what, accept, signal });
  const query = { force: true, v: true };
  await http.call({ method: 'DELETE', path: path`/containers/${container}`, query, what, accept, signal });
}

/** Takes a name from an image, and the image where it has no other; one that is gone is fine. @throws EngineError */
export async function dropImage({ http }: Context, name: string, { signal }: WorkingOptions): Promise<void> {
  const what = `Cannot remove "${name}"`;
  await http.call({ method: 'DELETE', path: path`/images/${name}`, what, accept: [404], signal });
}

/** Gives an image one more name, with a tag. @throws EngineError `GONE` */
export async function tagImage(
  { http }: Context,
  name: string,
  next: string,
  { signal }: WorkingOptions,
): Promise<void> {
  const what = `Cannot name "${name}" "${next}"`;
  const at = next.lastIndexOf(':');
  const query = { repo: next.slice(0, at), tag: next.slice(at + 1) };
  await http.call({ method: 'POST', path: path`/images/${name}/tag`, query, what, signal });
}

/** The configuration of an image, with its id. @throws EngineError `GONE` */
export async function inspectImage(
  { http }: Context,
  name: string,
  { signal }: WorkingOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const what = `Cannot inspect "${name}"`;
  return record((await http.call({ method: 'GET', path: path`/images/${name}/json`, what, signal })).body);
}
