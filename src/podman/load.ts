import { EngineError, type Signalled } from '../engine/engine.ts';
import type { Context } from './context.ts';
import { firstDocument, record, text, texts } from './json.ts';

/**
 * Gives the engine an image from an archive, as `podman load` does: of OCI's layout, with one image. A layer that the
 * archive lacks is taken from the engine's store where it is there under its digest (containers/image looks there before
 * it reads the blob); tried on 4.3.
 *
 * @returns the names that it has now
 * @throws EngineError where it cannot be had; nothing of it is there then
 */
export async function loadImage(
  context: Context,
  archive: AsyncIterable<Uint8Array>,
  { what, signal }: Signalled & { readonly what: string },
): Promise<readonly string[]> {
  const chunks: Uint8Array[] = [];
  let broken: unknown;
  async function* watched(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* archive;
    } catch (error) {
      broken = error;
      throw error;
    }
  }
  const upload = { type: 'application/x-tar', content: watched() };
  try {
    // Without a limit: how long it takes goes by the image and the disk.
    for await (const chunk of context.http.bytes({ method: 'POST', path: '/images/load', upload, what, signal })) {
      chunks.push(chunk);
    }
  } catch (error) {
    // An archive that breaks off breaks the connection too, which says nothing.
    throw broken ?? error;
  }
  const answer = record(firstDocument(Buffer.concat(chunks).toString('utf8')));
  const names = texts(answer.Names);
  if (names.length > 0) return names;
  throw new EngineError('ENGINE_ERROR', `${what}: ${text(answer.message) || 'the engine names no image'}`);
}
