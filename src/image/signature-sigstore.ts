import type { KeyObject } from 'node:crypto';
import type { Candidate } from './judge.ts';
import type { KeySource, Requirement } from './policy.ts';
import { mismatch } from './policy-identity.ts';
import { imageName } from './policy-scope.ts';
import { bundleOf, certificatesIn, isEntryBy, proveBundle, trustOfPolicy } from './signature-bundle.ts';
import { cosignClaim, cosignNotes, isSignedBy, readPublicKey } from './signature-cosign.ts';
import { noKey, readKeys } from './signature-keys.ts';
import { joined } from './signature-simple.ts';
import type { SigstoreSignature } from './signature-store.ts';

type SigstoreSigned = Extract<Requirement, { type: 'sigstoreSigned' }>;

/** Whom a requirement trusts, read. */
interface Signers {
  readonly keys: readonly KeyObject[];
  readonly authorities: readonly Buffer[];
  readonly logs: readonly KeyObject[];
}

/**
 * Whether an image has a signature of sigstore that meets a requirement.
 *
 * @returns why not, for people; undefined where it has
 * @throws ImageError `TRUST_INVALID` where a key cannot be read
 */
export async function refusesSigstore(requirement: SigstoreSigned, candidate: Candidate): Promise<string | undefined> {
  const { signatures: reader, image } = candidate;
  const found = [...(await reader.simple(image)), ...(await reader.attached(image))];
  const signatures = found.flatMap(each => (each.kind === 'sigstore' ? [each] : []));
  if (signatures.length === 0) return 'it has no signature of sigstore';
  const signers = await readSigners(requirement);
  const reasons: string[] = [];
  for (const signature of signatures) {
    const why = await refusesOne(signature, signers, requirement, candidate);
    if (why === undefined) return undefined;
    reasons.push(why);
  }
  return joined(reasons);
}

async function refusesOne(
  signature: SigstoreSignature,
  signers: Signers,
  { identity, fulcio }: SigstoreSigned,
  { place, image }: Candidate,
): Promise<string | undefined> {
  const why =
    fulcio === undefined ? await refusesKeys(signature, signers) : await refusesFulcio(signature, signers, fulcio);
  if (why !== undefined) return why;
  const claim = cosignClaim(signature);
  if (typeof claim === 'string') return claim;
  if (claim.digest !== image.digest) return `it is for ${claim.digest}`;
  return mismatch(identity, claim.reference, imageName(place));
}

async function refusesKeys(signature: SigstoreSignature, { keys, logs }: Signers): Promise<string | undefined> {
  const key = keys.find(each => isSignedBy(signature, [each]));
  if (key === undefined) return 'no key of the policy made it';
  if (logs.length === 0) return undefined;
  // A certificate beside it is no matter here: the key decides.
  const { [cosignNotes.certificate]: _, ...annotations } = signature.annotations;
  const bare = { ...signature, annotations };
  return attempt(async () => {
    const trust = await trustOfPolicy({ authorities: [], between: [], logs, key });
    await proveBundle(await bundleOf(bare), signature.payload, trust, { ctlogs: 0, logs: 1 });
    return isEntryBy(bare, key) ? undefined : "the log's entry is by another key";
  });
}

async function refusesFulcio(
  signature: SigstoreSignature,
  { authorities, logs }: Signers,
  { email, issuer }: NonNullable<SigstoreSigned['fulcio']>,
): Promise<string | undefined> {
  if (signature.annotations[cosignNotes.certificate] === undefined) return 'it has no certificate';
  return attempt(async () => {
    const between = certificatesIn(signature.annotations[cosignNotes.chain] ?? '');
    const trust = await trustOfPolicy({ authorities, between, logs, key: undefined });
    const signer = await proveBundle(await bundleOf(signature), signature.payload, trust, { ctlogs: 0, logs: 1 });
    if (!isEntryBy(signature, undefined)) return "the log's entry is by another certificate";
    if (signer.issuer !== issuer) return `"${signer.issuer}" vouched for the signer, expected "${issuer}"`;
    return signer.isEmail && signer.identity === email
      ? undefined
      : `"${signer.identity}" signed it, expected "${email}"`;
  });
}

/** What a library throws is a reason, too. */
export async function attempt(prove: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await prove();
  } catch (error) {
    return reasonOf(error);
  }
}

/** The words of an error, with those of its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function readSigners({ keys, fulcio, rekor }: SigstoreSigned): Promise<Signers> {
  return {
    keys: await publicKeys(keys),
    logs: await publicKeys(rekor),
    authorities: fulcio === undefined ? [] : await authoritiesOf(fulcio.ca),
  };
}

/** @throws ImageError `TRUST_INVALID` */
export async function publicKeys(sources: readonly KeySource[]): Promise<readonly KeyObject[]> {
  const all = await readKeys(sources);
  return all.map((bytes, index) => {
    try {
      return readPublicKey(bytes);
    } catch (error) {
      throw noKey(sources[index] ?? { data: bytes }, error);
    }
  });
}

async function authoritiesOf(source: KeySource): Promise<readonly Buffer[]> {
  const [bytes = new Uint8Array()] = await readKeys([source]);
  try {
    const found = certificatesIn(Buffer.from(bytes).toString('latin1'));
    if (found.length > 0) return found;
  } catch (error) {
    throw noKey(source, error);
  }
  throw noKey(source, 'expected certificates as PEM');
}
