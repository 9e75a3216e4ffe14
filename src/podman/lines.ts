import { EngineError } from '../engine/engine.ts';

/** Longer than any event or build line; more is no stream of documents. */
const maxLineBytes = 8 * 2 ** 20;

/** Splits bytes into lines, without the newline; a last line needs none. */
export async function* byteLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > maxLineBytes)
      throw new EngineError('ENGINE_ERROR', "Cannot read the engine's stream: a line has no end");
  }
  if (rest !== '') yield rest;
}

/** Reads a stream of JSON documents, one a line. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void> {
  for await (const line of byteLines(chunks)) {
    if (line.trim() === '') continue;
    yield document(line);
  }
}

function document(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new EngineError(
      'ENGINE_ERROR',
      `Cannot read the engine's stream: found "${line.slice(0, 80)}", expected JSON`,
      { cause },
    );
  }
}
