import { statfs } from 'node:fs/promises';
import { EngineError, type Signalled } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import { parseReference } from '../model/reference.ts';
import type { Context } from './context.ts';
import { info } from './info.ts';
import { list, number, record, text, textRecord, texts, type Unread } from './json.ts';
import { path } from './query.ts';

/** An image as the engine lists it. */
export interface ListedImage {
  readonly id: string;
  /** With tags; and with digests, where it came by one. */
  readonly names: readonly string[];
  /** In bytes. */
  readonly size: number;
  /** It has the label that keeps it. */
  readonly isKept: boolean;
}

/** All images, each once. */
export async function listImages(context: Context, { signal }: Signalled): Promise<readonly ListedImage[]> {
  const what = 'Cannot list the images';
  const { body } = await context.http.call({ method: 'GET', path: '/images/json', what, signal });
  // 4.3 lists one with several names more than once.
  const all = list(body).map(readImage);
  return [...new Map(all.map(image => [image.id, image])).values()];
}

function readImage(value: Unread): ListedImage {
  const entry = record(value);
  const keep = textRecord(entry.Labels)[labels.keep] ?? 'false';
  return {
    id: text(entry.Id).replace(/^sha256:/, ''),
    names: [...new Set(texts(entry.Names))].sort(),
    size: number(entry.Size),
    isKept: keep !== 'false',
  };
}

/** By image id: one container that has it. Sandboxes count, and so do containers of others. */
export async function imageUsers(context: Context, { signal }: Signalled): Promise<ReadonlyMap<string, string>> {
  const what = 'Cannot list the containers';
  const call = { method: 'GET', path: '/containers/json', query: { all: true }, what, signal } as const;
  const { body } = await context.http.call(call);
  return new Map(
    list(body).map(value => {
      const entry = record(value);
      return [text(entry.ImageID).replace(/^sha256:/, ''), texts(entry.Names)[0] ?? text(entry.Id)];
    }),
  );
}

/** Free on the file system of the engine's store, in bytes; undefined where it cannot be looked at. */
export async function freeBytes(context: Context, { signal }: Signalled): Promise<number | undefined> {
  const { graphRoot } = await info(context, signal);
  const found = await statfs(graphRoot).catch(() => undefined);
  return found && found.bavail * found.bsize;
}

/**
 * Removes an image and its names. One that a container has come to use meanwhile stays, with its names: it is never
 * forced, because that removes containers.
 *
 * @returns whether it is gone
 * @throws EngineError
 */
export async function removeImage(
  context: Context,
  { id, names }: Pick<ListedImage, 'id' | 'names'>,
  { signal }: Signalled,
): Promise<boolean> {
  const what = `Cannot remove image ${id.slice(0, 12)}`;
  const call = async (method: 'POST' | 'DELETE', at: string, query = {}): Promise<number> =>
    (await context.http.call({ method, path: at, query, accept: [404, 409], what, signal })).status;
  // By its id alone the engine refuses one with several names.
  const isMany = names.length > 1;
  if (isMany) await call('POST', path`/images/${id}/untag`);
  try {
    const status = await call('DELETE', path`/images/${id}`);
    if (status !== 409) return true;
  } catch (error) {
    if (!(error instanceof EngineError) || !isMany) throw error;
    await nameAgain(names, (repo, tag) => call('POST', path`/images/${id}/tag`, { repo, tag }));
    throw error;
  }
  if (isMany) await nameAgain(names, (repo, tag) => call('POST', path`/images/${id}/tag`, { repo, tag }));
  return false;
}

/** Names with a digest alone cannot be given; pulls of them find the image again. */
async function nameAgain(
  names: readonly string[],
  tagWith: (repo: string, tag: string) => Promise<unknown>,
): Promise<void> {
  for (const name of names) {
    const tag = parseReference(name)?.tag;
    if (tag !== undefined) await tagWith(name.slice(0, -tag.length - 1), tag);
  }
}
