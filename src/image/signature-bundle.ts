import { createHash, createPublicKey, type KeyObject, X509Certificate as NodeCertificate } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { TrustMaterial } from '@sigstore/verify';
import { isRecord, parseJson, record, text } from './json.ts';
import { cosignNotes, signatureOf } from './signature-cosign.ts';
import type { SigstoreSignature } from './signature-store.ts';

/** Who signed, as a certificate says. */
export interface Signer {
  /** A mail address, or an address of a workflow; undefined for a bare key. */
  readonly identity: string | undefined;
  /** Who vouched for that. */
  readonly issuer: string | undefined;
  /** Whether the identity is a mail address. */
  readonly isEmail: boolean;
}

/** How many independent proofs are wanted. */
export interface Thresholds {
  /** Of logs of certificates. */
  readonly ctlogs: number;
  /** Of logs of signatures, which also tell the time. */
  readonly logs: number;
}

const pemCertificate = /-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g;

/** The certificates in a PEM text, as DER. Blank lines do not count, as for cosign; OpenSSL stumbles over them. */
export function certificatesIn(pem: string): readonly Buffer[] {
  return [...pem.matchAll(pemCertificate)].map(([, body = '']) => new NodeCertificate(Buffer.from(body, 'base64')).raw);
}

/**
 * What cosign keeps in annotations, as a bundle of sigstore (sigstore/protobuf-specs, sigstore_bundle.proto): signature,
 * certificate or key, and the promise of a transparency log.
 *
 * @throws Error where a part is missing
 */
export async function bundleOf(signature: SigstoreSignature): Promise<Bundle> {
  const { bundleFromJSON } = await import('./sigstore-library.ts');
  const { annotations, payload } = signature;
  const leaf = certificatesIn(annotations[cosignNotes.certificate] ?? '')[0];
  const digest = createHash('sha256').update(payload).digest('base64');
  return bundleFromJSON({
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      ...(leaf === undefined
        ? { publicKey: { hint: 'key' } }
        : { x509CertificateChain: { certificates: [{ rawBytes: leaf.toString('base64') }] } }),
      tlogEntries: [logEntry(annotations[cosignNotes.bundle] ?? '')],
    },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest },
      signature: signatureOf(signature)?.toString('base64') ?? '',
    },
  });
}

/** What Rekor promised: the entry, and its signature over it. */
function logEntry(annotation: string): unknown {
  const bundle = annotation === '' ? undefined : parseJson(Buffer.from(annotation), 'the entry of the log');
  const { SignedEntryTimestamp: promise, Payload: payload } = record(bundle);
  const { body, integratedTime, logIndex, logID } = record(payload);
  if (text(promise) === undefined || text(body) === undefined || text(logID) === undefined) {
    throw new Error('no transparency log has it');
  }
  const { kind, apiVersion } = record(parseJson(Buffer.from(text(body) ?? '', 'base64'), 'the entry of the log'));
  return {
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(text(logID) ?? '', 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: promise },
    canonicalizedBody: body,
  };
}

/**
 * Proves a bundle: the certificate leads to an authority and was good when a log or a timestamp has it, the log has this
 * very signature, and the signature is over the artifact. Nobody is asked: all proof is in the bundle.
 *
 * @param artifact what was signed; undefined where the bundle holds it
 * @throws Error that tells which part does not hold
 */
export async function proveBundle(
  bundle: Bundle,
  artifact: Uint8Array | undefined,
  trust: TrustMaterial,
  { ctlogs, logs }: Thresholds,
): Promise<Signer> {
  const { toSignedEntity, Verifier } = await import('./sigstore-library.ts');
  const entity = toSignedEntity(bundle, artifact === undefined ? undefined : Buffer.from(artifact));
  const verifier = new Verifier(trust, { ctlogThreshold: ctlogs, tlogThreshold: logs, timestampThreshold: logs });
  const { identity } = verifier.verify(entity);
  const names = entity.key.$case === 'certificate' ? entity.key.certificate.extSubjectAltName : undefined;
  return {
    identity: identity?.subjectAlternativeName,
    issuer: identity?.extensions?.issuer,
    isEmail: names?.rfc822Name !== undefined && names.rfc822Name === identity?.subjectAlternativeName,
  };
}

/** The trust of a `trusted_root.json`, as sigstore's clients keep it. @throws Error where it is none */
export async function readTrustRoot(bytes: Uint8Array): Promise<TrustMaterial> {
  const { TrustedRoot, toTrustMaterial } = await import('./sigstore-library.ts');
  const document = parseJson(bytes, 'the root of trust');
  const type = isRecord(document) ? text(document.mediaType) : undefined;
  if (!/^application\/vnd\.dev\.sigstore\.trustedroot(?:\.v|\+json;version=)0\.[12](?:\+json)?$/.test(type ?? '')) {
    throw new Error('expected a trusted_root.json of sigstore');
  }
  return toTrustMaterial(TrustedRoot.fromJSON(document));
}

/** What a requirement of a policy trusts. */
export interface PolicyTrust {
  /** Authorities for certificates, as DER. */
  readonly authorities: readonly Buffer[];
  /** What came with the signature, to lead from its certificate to an authority: it proves nothing itself. */
  readonly between: readonly Buffer[];
  /** Keys of transparency logs. */
  readonly logs: readonly KeyObject[];
  /** Instead of a certificate. */
  readonly key: KeyObject | undefined;
}

const always = { start: new Date(0), end: new Date(8.64e15) };

/** The same as sigstore's library has it. @throws Error where a certificate is none */
export async function trustOfPolicy({ authorities, between, logs, key }: PolicyTrust): Promise<TrustMaterial> {
  const { X509Certificate } = await import('./sigstore-library.ts');
  const chain = authorities.map(der => X509Certificate.parse(Buffer.from(der)));
  for (const der of between) {
    const certificate = X509Certificate.parse(Buffer.from(der));
    // The library trusts all of a chain: what an authority did not sign must not get into it.
    const isVouched = chain.some(
      one => one.isCA && certificate.isCA && certificate.issuer.equals(one.subject) && certificate.verify(one),
    );
    if (isVouched) chain.push(certificate);
  }
  return {
    certificateAuthorities: [{ certChain: chain, validFor: always }],
    timestampAuthorities: [],
    tlogs: logs.map(publicKey => ({ logID: logIdOf(publicKey), baseURL: '', publicKey, validFor: always })),
    ctlogs: [],
    publicKey: () => {
      if (key === undefined) throw new Error('it is signed by a bare key');
      return { publicKey: key, validFor: () => true };
    },
  };
}

function logIdOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** Whether the log's entry is by the certificate or key of the bundle: the library compares signature and digest alone. */
export function isEntryBy(signature: SigstoreSignature, key: KeyObject | undefined): boolean {
  const { Payload: payload } = record(
    parseJson(Buffer.from(signature.annotations[cosignNotes.bundle] ?? ''), 'the entry'),
  );
  const { spec } = record(parseJson(Buffer.from(text(record(payload).body) ?? '', 'base64'), 'the entry'));
  const written = text(record(record(record(spec).signature).publicKey).content) ?? '';
  const pem = Buffer.from(written, 'base64').toString('latin1');
  const leaf = certificatesIn(signature.annotations[cosignNotes.certificate] ?? '')[0];
  if (leaf !== undefined && key === undefined) return certificatesIn(pem)[0]?.equals(leaf) ?? false;
  return key !== undefined && pem.includes('PUBLIC KEY') && createPublicKey(pem).equals(key);
}
