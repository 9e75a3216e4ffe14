/** What a zstd stream may not have. */
export class ZstdError extends Error {
  override readonly name = 'ZstdError';
}

/** The largest window that zstd itself unpacks where nobody asks for more (ZSTD_WINDOWLOG_LIMIT_DEFAULT), in bytes. */
const largestWindow = 2 ** 27;
/** The most bytes that a block packs or unpacks to (RFC 8878, section 3.1.1.2.3). */
const largestBlock = 128 * 1024;

const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** Takes a zstd stream apart as it comes. */
export interface Frames {
  /** The same bytes in parts, none with more than a few blocks of 128 KiB to unpack. @throws ZstdError */
  parts(chunk: Uint8Array): Generator<Uint8Array, void>;
  /** @throws ZstdError where the stream ends within a frame, or has none */
  end(): void;
}

/** What the walk is at, and how many bytes of it are still to come. */
interface State {
  /** Of a header: what is read of it so far. */
  head: number[];
  /** Bytes that are passed over. */
  skip: number;
  at: 'frame' | 'block';
  checksum: number;
  isBegun: boolean;
}

/**
 * Walks through the frames and blocks of a zstd stream (RFC 8878), so that whoever unpacks it never holds more than a
 * window and a few blocks: a header can promise gigabytes in four bytes.
 */
export function zstdFrames(): Frames {
  const state: State = { head: [], skip: 0, at: 'frame', checksum: 0, isBegun: false };
  return {
    *parts(chunk) {
      let from = 0;
      for (let at = 0; at < chunk.length; ) {
        if (state.skip > 0) {
          const passed = Math.min(state.skip, chunk.length - at);
          state.skip -= passed;
          at += passed;
          continue;
        }
        if (state.head.length === 0 && at > from) {
          yield chunk.subarray(from, at);
          from = at;
        }
        state.head.push(chunk[at++] ?? 0);
        if (state.at === 'block') readBlock(state);
        else readFrame(state);
      }
      if (from < chunk.length) yield chunk.subarray(from);
    },
    end: () => {
      const isWhole = state.at === 'frame' && state.head.length === 0 && state.skip === 0;
      if (!isWhole || !state.isBegun) throw new ZstdError('it ends within a frame of zstd');
    },
  };
}

/** Three bytes: whether it is the last one, its kind, and its size. */
function readBlock(state: State): void {
  const [first = 0, second = 0, third] = state.head;
  if (third === undefined) return;
  const kind = (first >> 1) & 3;
  const size = (first >> 3) | (second << 5) | (third << 13);
  if (kind === 3 || size > largestBlock) throw new ZstdError('it has a block that zstd does not have');
  // One byte that is repeated.
  state.skip = kind === 1 ? 1 : size;
  state.head = [];
  if ((first & 1) === 0) return;
  state.skip += state.checksum;
  state.at = 'frame';
}

function readFrame(state: State): void {
  const { head } = state;
  if (head.length < 5) return;
  const bytes = Buffer.from(head);
  if ((bytes.readUInt32LE() & 0xfffffff0) >>> 0 === skippableMagic) {
    if (head.length < 8) return;
    state.skip = bytes.readUInt32LE(4);
    state.head = [];
    return;
  }
  if (bytes.readUInt32LE() !== magic) throw new ZstdError('it is no zstd');
  const flags = head[4] ?? 0;
  const isSingle = (flags >> 5) & 1;
  const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
  const content = flags >> 6 === 0 ? isSingle : 1 << (flags >> 6);
  const length = 5 + (1 - isSingle) + dictionary + content;
  if (head.length < length) return;
  const window = isSingle ? contentSize(bytes.subarray(5 + dictionary)) : windowSize(head[5] ?? 0);
  if (window > largestWindow) throw new ZstdError(`it needs a window of ${window} bytes, more than ${largestWindow}`);
  state.head = [];
  state.at = 'block';
  state.checksum = (flags & 4) === 0 ? 0 : 4;
  state.isBegun = true;
}

/** An exponent and a mantissa in one byte. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(bytes: Buffer): number {
  if (bytes.length === 8) return Number(bytes.readBigUInt64LE());
  // Two bytes count from 256 on.
  return bytes.readUIntLE(0, bytes.length) + (bytes.length === 2 ? 256 : 0);
}
