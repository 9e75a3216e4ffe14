import { ImageError } from './failure.ts';
import { parseManifest } from './manifest.ts';
import { formatName, parseName } from './name.ts';
import { parseSignature } from './signature-store.ts';
import { wholeName } from './signing.ts';
import { proveOne, readTrusted, type Verified } from './verify.ts';

/** A manifest with its signature, as files have them, and the name that the signature must give it. */
export interface SignedManifest {
  readonly manifest: Uint8Array;
  readonly reference: string;
  readonly signature: Uint8Array;
}

/**
 * Holds a signature in a file against a manifest, a name and a key: what skopeo calls standalone-verify.
 *
 * @throws ImageError `UNTRUSTED` where it does not hold, `TRUST_INVALID` where the key is none
 */
export async function verifyManifest(
  { manifest, reference, signature }: SignedManifest,
  keyPath: string,
  nowMs: number,
): Promise<Verified> {
  const trusted = await readTrusted({ by: 'key', path: keyPath }, nowMs);
  const { digest } = parseManifest(manifest, undefined, 'the manifest');
  const name = wholeName(reference);
  const proven = await proveOne(parseSignature(signature), trusted, digest);
  const why = typeof proven === 'string' ? proven : strange(proven.reference, name);
  if (typeof proven !== 'string' && why === undefined) return { digest, proven: [proven] };
  const hint = 'See that it was signed by whom you expect, under this name, and with this digest';
  throw new ImageError('UNTRUSTED', `Cannot trust the manifest of "${reference}" (${digest}): ${why}`, { hint });
}

/** Why a signature's name is not the one that is wanted. */
function strange(signed: string | undefined, name: string): string | undefined {
  return signed !== undefined && spelled(signed) === name ? undefined : `it is for "${signed}", expected "${name}"`;
}

function spelled(signed: string): string | undefined {
  try {
    return formatName(parseName(signed));
  } catch {
    return undefined;
  }
}
