import { type ContentDigest, isDigest } from './digest.ts';
import { isRecord, parseJson, quoted, type Unread } from './json.ts';

/** What a signature says of an image. */
export interface Claim {
  readonly digest: ContentDigest;
  /** The name that it gives the image. */
  readonly reference: string;
}

/** Who makes claims, by the text that each writes (containers-signature(5); cosign's SIGNATURE_SPEC.md). */
export const claimTypes = {
  simple: 'atomic container signature',
  cosign: 'cosign container image signature',
} as const;

/**
 * Reads the JSON that was signed. Strictly, as containers/image does: a field that we do not know could limit what the
 * signature is for.
 *
 * @returns the claim, or why it is none, for people
 */
export function readClaim(bytes: Uint8Array, type: (typeof claimTypes)[keyof typeof claimTypes]): Claim | string {
  let document: Unread;
  try {
    document = parseJson(bytes, 'what was signed');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const critical = members(document, ['critical', 'optional'], ['critical'])?.critical;
  const parts = members(critical, ['type', 'image', 'identity'], ['type', 'image', 'identity']);
  if (parts === undefined) return 'what was signed is no claim about an image';
  if (parts.type !== type) return `it is of type ${quoted(parts.type)}, expected "${type}"`;
  const digest = members(parts.image, ['docker-manifest-digest'], ['docker-manifest-digest'])?.[
    'docker-manifest-digest'
  ];
  const reference = members(parts.identity, ['docker-reference'], ['docker-reference'])?.['docker-reference'];
  if (!isDigest(digest) || typeof reference !== 'string') return 'what was signed names no image';
  return { digest, reference };
}

/** The members of an object that has all the needed ones, and no others than the known. */
function members(
  value: Unread,
  known: readonly string[],
  needed: readonly string[],
): Readonly<Record<string, Unread>> | undefined {
  if (!isRecord(value)) return undefined;
  const isWhole = needed.every(name => Object.hasOwn(value, name));
  return isWhole && Object.keys(value).every(name => known.includes(name)) ? value : undefined;
}
