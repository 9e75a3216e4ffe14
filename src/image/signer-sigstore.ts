import { createHash, createPublicKey, sign } from 'node:crypto';
import { cosignClaim, cosignNotes, cosignPayload, isSignedBy } from './signature-cosign.ts';
import { claimBytes, isSameClaim, type KeyFile, type Signer, type Stamp } from './signer.ts';
import { readSigstoreKey } from './sigstore-key.ts';

/**
 * Signs as cosign does with a key: no log and no authority is told.
 *
 * @throws ImageError `KEY_INVALID`
 */
export async function sigstoreSigner(file: KeyFile, stamp: Stamp): Promise<Signer> {
  const key = await readSigstoreKey(file);
  const publicKey = createPublicKey(key);
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const print = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  return {
    kind: 'sigstore',
    name: `the key sha256:${print}`,
    sign: async claim => {
      const payload = claimBytes('cosign', claim, stamp);
      const annotations = { [cosignNotes.signature]: sign(hash, payload, key).toString('base64') };
      return { kind: 'sigstore', mediaType: cosignPayload, payload, annotations };
    },
    made: async (signature, claim) =>
      signature.kind === 'sigstore' && isSignedBy(signature, [publicKey]) && isSameClaim(cosignClaim(signature), claim),
  };
}
