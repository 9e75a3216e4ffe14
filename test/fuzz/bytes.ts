import fc from 'fast-check';

/** Cuts bytes into chunks of any size, as a socket does. */
export async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % Math.max(sizes.length, 1)] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

export const chunkSizes: fc.Arbitrary<readonly number[]> = fc.array(fc.integer({ min: 1, max: 64 }), {
  minLength: 1,
  maxLength: 8,
});

/** Text made of the pieces that a grammar gives meaning to, and of anything else. */
export function textOf(...pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 4 }));
  return fc.array(piece, { maxLength: 40 }).map(parts => parts.join(''));
}

/** Reads a stream to its end. */
export async function all<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of stream) found.push(one);
  return found;
}
