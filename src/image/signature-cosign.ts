import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Claim, claimTypes, readClaim } from './signature-claim.ts';
import type { SigstoreSignature } from './signature-store.ts';

/** What cosign signs: a claim, as JSON (cosign, specs/SIGNATURE_SPEC.md). */
export const cosignPayload = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Annotations in which cosign keeps what proves a claim. */
export const cosignNotes = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
} as const;

/** Reads a public key as PEM: ECDSA, RSA or Ed25519. @throws Error where it is none */
export function readPublicKey(bytes: Uint8Array): KeyObject {
  const pem = Buffer.from(bytes).toString('latin1');
  // A certificate or private key has a public one too; to take it for one would hide a mistake.
  if (!/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(pem)) throw new Error('expected a public key as PEM');
  const key = createPublicKey(pem);
  if (['ec', 'rsa', 'ed25519'].includes(key.asymmetricKeyType ?? '')) return key;
  throw new Error(`expected a key of ECDSA, RSA or Ed25519, found ${key.asymmetricKeyType}`);
}

/** The bytes of the signature; undefined where there are none. */
export function signatureOf({ annotations }: SigstoreSignature): Buffer | undefined {
  const text = annotations[cosignNotes.signature];
  return text === undefined || text === '' ? undefined : Buffer.from(text, 'base64');
}

/** Whether one of the keys signed the payload. Cosign hashes with SHA-256 whatever the curve, and pads RSA as PKCS 1. */
export function isSignedBy(signature: SigstoreSignature, keys: readonly KeyObject[]): boolean {
  const bytes = signatureOf(signature);
  if (bytes === undefined) return false;
  return keys.some(key => {
    const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
    return verify(hash, signature.payload, key, bytes);
  });
}

/** What cosign's payload says of an image; or why it is no such payload. */
export function cosignClaim({ mediaType, payload }: SigstoreSignature): Claim | string {
  if (mediaType !== cosignPayload) return `it is of type "${mediaType.slice(0, 100)}", expected "${cosignPayload}"`;
  return readClaim(payload, claimTypes.cosign);
}
