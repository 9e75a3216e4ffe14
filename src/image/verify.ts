import type { KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { TrustMaterial } from '@sigstore/verify';
import type { Access } from './access.ts';
import type { ContentDigest } from './digest.ts';
import { ImageError } from './failure.ts';
import { isRecord, list, parseJson, quoted, record, text } from './json.ts';
import { bundlesOf } from './referrers.ts';
import { bundleOf, isEntryBy, proveBundle, readTrustRoot, type Signer } from './signature-bundle.ts';
import { claimTypes, readClaim } from './signature-claim.ts';
import { cosignClaim, isSignedBy } from './signature-cosign.ts';
import { noKey, readKeys } from './signature-keys.ts';
import { type Keyring, openSigned, readKeyring } from './signature-openpgp.ts';
import { signatureReader } from './signature-reader.ts';
import { publicKeys, reasonOf } from './signature-sigstore.ts';
import { joined } from './signature-simple.ts';
import type { Signature, SigstoreSignature } from './signature-store.ts';
import type { ImageSource } from './source.ts';
import { formatPlace } from './transport.ts';

/** Who must have signed an image. */
export type Wanted =
  /** Whoever has the private half of a key. */
  | { readonly by: 'key'; readonly path: string }
  /** Whom an authority of a root of trust vouched for, under this name and by that issuer. */
  | { readonly by: 'identity'; readonly rootPath: string; readonly identity: string; readonly issuer: string };

/** A signature that holds. */
export interface Proven {
  /** As cosign kept it before its version 3, as a bundle, or of OpenPGP. */
  readonly kind: 'cosign' | 'bundle' | 'simple';
  /** The name that it gives the image; undefined where it gives none. */
  readonly reference: string | undefined;
  /** Undefined where a key signed. */
  readonly signer: Signer | undefined;
}

export interface Verified {
  /** Of what the place names: an index where it is one. */
  readonly digest: ContentDigest;
  /** At least one. */
  readonly proven: readonly Proven[];
}

/** Whom to believe, read. */
export type Trusted =
  | { readonly keys: readonly KeyObject[] }
  | { readonly keyring: Keyring; readonly nowMs: number }
  | { readonly root: TrustMaterial; readonly identity: string; readonly issuer: string };

/**
 * Finds signatures on an image, and proves them: simple ones by a key of OpenPGP, else those of sigstore. Nobody but the
 * image's registry and its lookaside storage is asked.
 *
 * @throws ImageError `UNTRUSTED` where none holds, with the reason of each; `TRUST_INVALID` where key or root is none
 */
export async function verifyImage(source: ImageSource, wanted: Wanted, access: Access): Promise<Verified> {
  const trusted = await readTrusted(wanted, access.trust.now());
  const top = await source.top();
  const reader = signatureReader(source.place, source.repository, access);
  const isSimple = 'keyring' in trusted;
  const found = [...(await reader.simple(top)), ...(isSimple ? [] : await reader.attached(top))];
  const bundles = isSimple || !source.repository ? [] : await bundlesOf(source.repository, top.digest);
  const outcomes: (Proven | string)[] = [];
  for (const each of found) {
    if (each.kind === (isSimple ? 'simple' : 'sigstore')) outcomes.push(await proveOne(each, trusted, top.digest));
  }
  if (!('keyring' in trusted)) {
    for (const bytes of bundles) outcomes.push(await told(() => proveStatement(bytes, trusted, top.digest)));
  }
  const proven = outcomes.filter(each => typeof each !== 'string');
  if (proven.length > 0) return { digest: top.digest, proven };
  const reasons = outcomes.filter(each => typeof each === 'string');
  const none = `it has no ${isSimple ? 'simple signature' : 'signature of sigstore'}`;
  const why = reasons.length === 0 ? none : joined(reasons);
  const hint = 'See that it was signed, by whom you expect, and with this digest';
  throw new ImageError('UNTRUSTED', `Cannot trust ${formatPlace(source.place)} (${top.digest}): ${why}`, { hint });
}

/** Whether a signature holds for a digest; or why it does not, for people. */
export function proveOne(signature: Signature, trusted: Trusted, digest: ContentDigest): Promise<Proven | string> {
  return told(async () => {
    if (signature.kind === 'simple' && 'keyring' in trusted) return proveSimple(signature.message, trusted, digest);
    if (signature.kind === 'sigstore' && !('keyring' in trusted)) return prove(signature, trusted, digest);
    return 'the key is of another kind than the signature';
  });
}

async function proveSimple(
  message: Uint8Array,
  { keyring, nowMs }: Extract<Trusted, { keyring: Keyring }>,
  digest: ContentDigest,
): Promise<Proven | string> {
  const opened = await openSigned(message, keyring, nowMs);
  if (opened.why !== undefined) return opened.why;
  const claim = readClaim(opened.signed, claimTypes.simple);
  if (typeof claim === 'string') return claim;
  if (claim.digest !== digest) return `it is for ${claim.digest}`;
  return { kind: 'simple', reference: claim.reference, signer: undefined };
}

async function told(work: () => Promise<Proven | string>): Promise<Proven | string> {
  try {
    return await work();
  } catch (error) {
    return reasonOf(error);
  }
}

/** @throws ImageError `TRUST_INVALID` */
export async function readTrusted(wanted: Wanted, nowMs: number): Promise<Trusted> {
  if (wanted.by === 'key') return trustedKey({ path: wanted.path }, nowMs);
  const source = { path: wanted.rootPath };
  const [bytes = new Uint8Array()] = await readKeys([source]);
  try {
    return { root: await readTrustRoot(bytes), identity: wanted.identity, issuer: wanted.issuer };
  } catch (error) {
    throw noKey(source, error);
  }
}

/** A key of OpenPGP begins with its armour, or as RFC 9580 has it with the highest bit. */
async function trustedKey(source: { readonly path: string }, nowMs: number): Promise<Trusted> {
  const [bytes = new Uint8Array()] = await readKeys([source]);
  const isOpenPgp = ((bytes[0] ?? 0) & 0x80) !== 0 || Buffer.from(bytes).includes('-----BEGIN PGP');
  if (!isOpenPgp) return { keys: await publicKeys([source]) };
  const keyring = await readKeyring(bytes).catch(error => {
    throw noKey(source, error);
  });
  return { keyring, nowMs };
}

type OfSigstore = Exclude<Trusted, { keyring: Keyring }>;

async function prove(
  signature: SigstoreSignature,
  trusted: OfSigstore,
  digest: ContentDigest,
): Promise<Proven | string> {
  let signer: Signer | undefined;
  if ('keys' in trusted) {
    if (!isSignedBy(signature, trusted.keys)) return 'the key did not make it';
  } else {
    signer = await proveBundle(await bundleOf(signature), signature.payload, trusted.root, { ctlogs: 1, logs: 1 });
    if (!isEntryBy(signature, undefined)) return "the log's entry is by another certificate";
  }
  const why = signer && strangerIn(signer, trusted);
  if (why !== undefined) return why;
  const claim = cosignClaim(signature);
  if (typeof claim === 'string') return claim;
  return claim.digest === digest ? { kind: 'cosign', reference: claim.reference, signer } : `it is for ${claim.digest}`;
}

/** Why a signer is not the one that is wanted. */
function strangerIn({ identity, issuer }: Signer, trusted: OfSigstore): string | undefined {
  if ('keys' in trusted) return undefined;
  if (issuer !== trusted.issuer) return `"${issuer}" vouched for the signer, expected "${trusted.issuer}"`;
  return identity === trusted.identity ? undefined : `"${identity}" signed it, expected "${trusted.identity}"`;
}

/** A bundle holds a statement about the image, and the proof of who made it. */
async function proveStatement(bytes: Uint8Array, trusted: OfSigstore, digest: ContentDigest): Promise<Proven | string> {
  const { bundleFromJSON } = await import('./sigstore-library.ts');
  const bundle = bundleFromJSON(parseJson(bytes, 'a bundle'));
  const signer = await proveAny(bundle, trusted);
  const why = strangerIn(signer, trusted);
  if (why !== undefined) return why;
  const subject = statementOn(bundle, digest);
  return typeof subject === 'string'
    ? subject
    : { kind: 'bundle', reference: subject.name, signer: 'keys' in trusted ? undefined : signer };
}

async function proveAny(bundle: Bundle, trusted: OfSigstore): Promise<Signer> {
  if ('root' in trusted) return proveBundle(bundle, undefined, trusted.root, { ctlogs: 1, logs: 1 });
  const [key] = trusted.keys;
  if (bundle.verificationMaterial.content.$case !== 'publicKey' || key === undefined) {
    throw new Error('a certificate signed it, and no key');
  }
  const publicKey = () => ({ publicKey: key, validFor: () => true });
  const trust = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [], publicKey };
  // Who trusts a key needs no log; what a log says of it cannot be proven without the key of the log.
  const { tlogEntries: _, ...material } = bundle.verificationMaterial;
  const bare = {
    ...bundle,
    verificationMaterial: { ...material, tlogEntries: [], timestampVerificationData: undefined },
  };
  return proveBundle(bare as Bundle, undefined, trust, { ctlogs: 0, logs: 0 });
}

const statementType = 'application/vnd.in-toto+json';
/** What cosign 3 says of an image that it signs; other statements (how it was built, what is in it) sign nothing. */
const signPredicate = 'https://sigstore.dev/cosign/sign/v1';

/** The subject of a statement (in-toto, spec/v1/statement.md) that is the image; or why there is none. */
function statementOn(bundle: Bundle, digest: ContentDigest): { readonly name: string | undefined } | string {
  if (bundle.content.$case !== 'dsseEnvelope') return 'the bundle holds no statement';
  const { payload, payloadType } = bundle.content.dsseEnvelope;
  if (payloadType !== statementType) return `the bundle holds ${quoted(payloadType)}, expected "${statementType}"`;
  const statement = record(parseJson(payload, 'a statement'));
  if (statement.predicateType !== signPredicate) {
    return `it states ${quoted(statement.predicateType, 200)}, which is no signature`;
  }
  const subject = list(statement.subject).find(each => {
    const digests = record(record(each).digest);
    return Object.entries(digests).some(([algorithm, hex]) => `${algorithm}:${text(hex)}` === digest);
  });
  return isRecord(subject) ? { name: text(subject.name) || undefined } : 'it is for another image';
}
