import { EngineError } from '../engine/engine.ts';

/** A piece of a container's output. */
export interface Output {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

const headerBytes = 8;
/** Podman frames a line of a log (16 KiB at most) or what one read gave (32 KiB); more is no stream of frames. */
const maxFrameBytes = 16 * 2 ** 20;

/**
 * Takes the streams of a container apart: each piece has a header of 8 bytes, the stream (1 out, 2 err) and a
 * big-endian length (Docker's raw-stream, which Podman uses for logs and for exec without a terminal).
 *
 * @throws EngineError `ENGINE_ERROR` for a length that no frame has
 */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Output, void> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let neededBytes = headerBytes;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    // Joined once a frame is whole: joining at each chunk would copy a long frame over and over.
    if (heldBytes < neededBytes) continue;
    const whole = Buffer.concat(held);
    let at = 0;
    neededBytes = headerBytes;
    while (whole.length - at >= headerBytes) {
      const end = at + headerBytes + lengthAt(whole, at + 4);
      if (whole.length < end) {
        neededBytes = end - at;
        break;
      }
      yield { stream: whole[at] === 2 ? 'stderr' : 'stdout', data: whole.subarray(at + headerBytes, end) };
      at = end;
    }
    held = [whole.subarray(at)];
    heldBytes = whole.length - at;
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at);
  if (length <= maxFrameBytes) return length;
  throw new EngineError('ENGINE_ERROR', `Cannot read the engine's stream: found a frame of ${length} bytes`, {
    hint: 'Compare the versions of Podman and Podstead with "podstead doctor"',
  });
}
