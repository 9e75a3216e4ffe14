import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A content as one of Node's streams makes it, which ends with whoever reads it. @throws what the content or the stream throws */
export async function* through(
  content: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array, void> {
  const done = pipeline(Readable.from(content), transform);
  // Its failure reaches the reader through the stream itself.
  done.catch(() => undefined);
  try {
    yield* transform;
    await done;
  } finally {
    transform.destroy();
  }
}
