/**
 * Passes bytes on until the signal: work on files alone hears of it nowhere else, however long a blob takes.
 *
 * @throws the reason of the signal
 */
export async function* untilStopped(
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of content) {
    signal.throwIfAborted();
    yield chunk;
  }
}
