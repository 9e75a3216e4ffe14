/** A piece of a container's output. */
export interface Output {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

const headerBytes = 8;

/**
 * Takes the streams of a container apart: each piece has a header of 8 bytes, the stream (1 out, 2 err) and a
 * big-endian length (Docker's raw-stream, which Podman uses for logs and for exec without a terminal).
 */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Output, void> {
  let held = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = Buffer.concat([held, chunk]);
    let at = 0;
    while (held.length - at >= headerBytes) {
      const end = at + headerBytes + held.readUInt32BE(at + 4);
      if (held.length < end) break;
      yield { stream: held[at] === 2 ? 'stderr' : 'stdout', data: held.subarray(at + headerBytes, end) };
      at = end;
    }
    held = held.subarray(at);
  }
}
