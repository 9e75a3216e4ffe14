import { type Claim, claimTypes } from './signature-claim.ts';
import type { Signature } from './signature-store.ts';

/** Signs claims about images with one private key. */
export interface Signer {
  readonly kind: 'simple' | 'sigstore';
  /** For people: which key. */
  readonly name: string;
  sign(claim: Claim): Promise<Signature>;
  /** Whether a signature is its own, over that very claim: then there is nothing to sign. */
  made(signature: Signature, claim: Claim): Promise<boolean>;
}

/** The private key of a signer. */
export interface KeyFile {
  readonly path: string;
  /** Undefined where none was given. */
  readonly passphrase: string | undefined;
}

/** Who signed and when, which nobody holds an image against. */
export interface Stamp {
  readonly creator: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** The JSON that is signed (containers-signature(5); cosign's SIGNATURE_SPEC.md). */
export function claimBytes(kind: keyof typeof claimTypes, claim: Claim, { creator, nowMs }: Stamp): Buffer {
  const critical = {
    identity: { 'docker-reference': claim.reference },
    image: { 'docker-manifest-digest': claim.digest },
    type: claimTypes[kind],
  };
  return Buffer.from(JSON.stringify({ critical, optional: { creator, timestamp: Math.floor(nowMs / 1000) } }));
}

/** Whether two claims say the same. */
export function isSameClaim(found: Claim | string, wanted: Claim): boolean {
  return typeof found !== 'string' && found.digest === wanted.digest && found.reference === wanted.reference;
}
