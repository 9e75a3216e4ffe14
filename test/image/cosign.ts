import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Blob, blobOf } from './samples.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Pairs of keys, of each kind that cosign takes. */
export const keyPairs: Readonly<Record<'ECDSA P-256' | 'ECDSA P-384' | 'RSA' | 'Ed25519', KeyPair>> = {
  'ECDSA P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ECDSA P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  Ed25519: generateKeyPairSync('ed25519'),
};

export function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'spki', format: 'pem' }));
}

/** What cosign signs for an image (its specs/SIGNATURE_SPEC.md), written by hand. */
export function cosignPayloadOf(digest: string, reference: string): Buffer {
  const critical = {
    identity: { 'docker-reference': reference },
    image: { 'docker-manifest-digest': digest },
    type: 'cosign container image signature',
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

export function signedBy(key: KeyObject, payload: Buffer): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, key);
}

/** A payload with its annotations. */
export interface CosignLayer {
  readonly payload: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The image in which cosign keeps signatures, under the tag `sha256-HEX.sig`: a layer for each. */
export function signatureImage(layers: readonly CosignLayer[]): {
  readonly manifest: Blob;
  readonly blobs: readonly Blob[];
} {
  const config = blobOf(
    JSON.stringify({ architecture: '', os: '', config: {}, rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const payloads = layers.map(({ payload }) => blobOf(payload));
  const manifest = blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: config.digest,
        size: config.bytes.length,
      },
      layers: layers.map(({ payload, annotations }, index) => ({
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        size: payload.length,
        digest: payloads[index]?.digest,
        annotations,
      })),
    }),
  );
  return { manifest, blobs: [config, ...payloads] };
}

/** The promise of a transparency log about a signature, as Rekor gives it and cosign keeps it. */
export function rekorBundle(
  log: KeyPair,
  entry: { readonly payload: Buffer; readonly signature: Buffer; readonly pem: string; readonly seconds: number },
): string {
  const body = {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(entry.payload).digest('hex') } },
      signature: {
        content: entry.signature.toString('base64'),
        publicKey: { content: Buffer.from(entry.pem).toString('base64') },
      },
    },
  };
  const logID = createHash('sha256')
    .update(log.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  // In the order of RFC 8785, over which the log signs.
  const payload = {
    body: Buffer.from(JSON.stringify(body)).toString('base64'),
    integratedTime: entry.seconds,
    logID,
    logIndex: 7,
  };
  const promise = sign('sha256', Buffer.from(JSON.stringify(payload)), log.privateKey).toString('base64');
  return JSON.stringify({ SignedEntryTimestamp: promise, Payload: payload });
}

/** The element at the start of some DER: its head and content, and what the head says how long both are. */
function elementAt(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der[at + 1] ?? 0;
  const more = first < 0x80 ? 0 : first & 0x7f;
  const length = more === 0 ? first : der.readUIntBE(at + 2, more);
  return { start: at + 2 + more, end: at + 2 + more + length };
}

/**
 * A log of certificates: signs what it saw of one before it had this very signature in it (RFC 6962, 3.2). That of
 * `@sigstore/mock` leaves the signature out with the libraries of today.
 */
export function certificateLog({ publicKey, privateKey }: KeyPair): {
  readonly publicKey: Buffer;
  readonly logID: Buffer;
  log(certificate: ArrayBuffer, issuerID: ArrayBuffer): Promise<ArrayBuffer>;
} {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const logID = createHash('sha256').update(spki).digest();
  return {
    publicKey: spki,
    logID,
    log: async (certificate, issuerID) => {
      const der = Buffer.from(certificate);
      const { start } = elementAt(der, 0);
      const tbs = der.subarray(start, elementAt(der, start).end);
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(Date.now()));
      const length = Buffer.from([tbs.length >> 16, (tbs.length >> 8) & 0xff, tbs.length & 0xff]);
      const head = Buffer.concat([Buffer.from([0, 0]), time, Buffer.from([0, 1])]);
      const signature = sign(
        'sha256',
        Buffer.concat([head, Buffer.from(issuerID), length, tbs, Buffer.from([0, 0])]),
        privateKey,
      );
      // Version, log, time, no extensions, SHA-256 and ECDSA, signature.
      const sct = Buffer.concat([
        Buffer.from([0]),
        logID,
        time,
        Buffer.from([0, 0, 4, 3, signature.length >> 8, signature.length & 0xff]),
        signature,
      ]);
      // Each of a list has its length before it.
      return new Uint8Array(Buffer.concat([Buffer.from([0, sct.length]), sct])).buffer;
    },
  };
}
