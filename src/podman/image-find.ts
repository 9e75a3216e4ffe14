import { EngineError } from '../engine/engine.ts';
import { parseReference } from '../model/reference.ts';
import { aliasOf } from './aliases.ts';
import type { Context } from './context.ts';
import { record, text } from './json.ts';
import { path } from './query.ts';
import { formatReference, hubName } from './reference.ts';

/** An image as the engine has it. */
export interface FoundImage {
  readonly id: string;
  /** USER of the image; '' is root. */
  readonly user: string;
}

/** Finds the image that the engine has for a reference; undefined where it has none. Never pulls. */
export async function findImage(
  context: Context,
  reference: string,
  signal: AbortSignal,
): Promise<FoundImage | undefined> {
  for await (const name of namesOf(context, reference)) {
    const what = `Cannot look at image "${reference}"`;
    const reply = await context.http.call({
      method: 'GET',
      path: path`/images/${name}/json`,
      accept: [404],
      what,
      signal,
    });
    if (reply.status === 404) continue;
    const image = record(reply.body);
    return { id: text(image.Id).replace(/^sha256:/, ''), user: text(record(image.Config).User) || text(image.User) };
  }
  return undefined;
}

/** What the engine may know it by; nearly always the first, so the files of aliases are read for the others alone. */
async function* namesOf(context: Context, reference: string): AsyncGenerator<string> {
  yield engineReference(reference);
  const others = [aliasOf(reference, await context.aliases()), hubName(reference)];
  yield* others.filter(name => name !== undefined);
}

/** As the engine takes it: a tag beside a digest is refused by 4.3, and decides nothing. */
export function engineReference(reference: string): string {
  const parts = parseReference(reference);
  return parts?.tag !== undefined && parts.digest !== undefined ? formatReference(parts) : reference;
}

/** @throws EngineError `IMAGE_NOT_FOUND` */
export async function needImage(
  context: Context,
  reference: string,
  what: string,
  signal: AbortSignal,
): Promise<FoundImage> {
  const found = await findImage(context, reference, signal);
  if (found !== undefined) return found;
  throw new EngineError('IMAGE_NOT_FOUND', `${what}: the engine has no image "${reference}"`, {
    hint: `Pull it with "podman pull ${reference}", or set imagePullPolicy: IfNotPresent`,
  });
}
