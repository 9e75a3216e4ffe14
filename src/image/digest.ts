import { createHash, type Hash } from 'node:crypto';
import { ImageError } from './failure.ts';

/** `ALGORITHM:HEX` of some bytes (OCI image-spec, descriptor.md). */
export type ContentDigest = string;

/** What some bytes must be. */
export interface Expected {
  readonly digest: ContentDigest;
  /** In bytes; undefined where nobody has told it. */
  readonly size: number | undefined;
}

/** Registered algorithms, with how many hexadecimal digits each has. */
const algorithms: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** Whether a text is a digest that can be checked. It is safe as a file's name, colon aside: hex alone follows the colon. */
export function isDigest(text: unknown): text is ContentDigest {
  if (typeof text !== 'string') return false;
  const [algorithm = '', hex = '', ...more] = text.split(':');
  return more.length === 0 && algorithms[algorithm] === hex.length && /^[0-9a-f]+$/.test(hex);
}

/** The two parts of a digest: `sha256` and the hex. */
export function digestParts(digest: ContentDigest): { readonly algorithm: string; readonly hex: string } {
  const colon = digest.indexOf(':');
  return { algorithm: digest.slice(0, colon), hex: digest.slice(colon + 1) };
}

export function digestOf(bytes: Uint8Array): ContentDigest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/**
 * Passes bytes on, and fails at the end where they were not those expected; sooner where they are too many.
 *
 * Whoever takes them keeps nothing before the end: until then they prove nothing.
 *
 * @throws ImageError `CONTENT_WRONG`
 */
export async function* checked(
  content: AsyncIterable<Uint8Array>,
  expected: Expected,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  const hash = hashFor(expected.digest);
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (expected.size !== undefined && size > expected.size) {
      throw wrong(what, `found more than ${expected.size} bytes, as its size says`);
    }
    hash.update(chunk);
    yield chunk;
  }
  if (expected.size !== undefined && size !== expected.size) {
    throw wrong(what, `found ${size} bytes, expected ${expected.size}`);
  }
  const found = `${digestParts(expected.digest).algorithm}:${hash.digest('hex')}`;
  if (found !== expected.digest) throw wrong(what, `found bytes of ${found}, expected ${expected.digest}`);
}

/** The same for bytes that are all there. @throws ImageError `CONTENT_WRONG` */
export function checkBytes(bytes: Uint8Array, { digest, size }: Expected, what: string): void {
  if (size !== undefined && bytes.length !== size) throw wrong(what, `found ${bytes.length} bytes, expected ${size}`);
  const found = `${digestParts(digest).algorithm}:${hashFor(digest).update(bytes).digest('hex')}`;
  if (found !== digest) throw wrong(what, `found bytes of ${found}, expected ${digest}`);
}

function hashFor(digest: ContentDigest): Hash {
  return createHash(digestParts(digest).algorithm);
}

function wrong(what: string, found: string): ImageError {
  const hint = 'Nothing of it was kept: its source, or a proxy before it, gives other bytes than it names';
  return new ImageError('CONTENT_WRONG', `Cannot take ${what}: ${found}`, { hint });
}
