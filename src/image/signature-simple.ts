import type { Candidate } from './judge.ts';
import type { Requirement } from './policy.ts';
import { mismatch } from './policy-identity.ts';
import { imageName } from './policy-scope.ts';
import { claimTypes, readClaim } from './signature-claim.ts';
import { noKey, readKeys } from './signature-keys.ts';
import { type Keyring, openSigned, readKeyring } from './signature-openpgp.ts';

type SignedBy = Extract<Requirement, { type: 'signedBy' }>;

/**
 * Whether an image has a simple signature (containers-signature(5)) that meets a requirement.
 *
 * @returns why not, for people; undefined where it has
 * @throws ImageError `TRUST_INVALID` where a key cannot be read
 */
export async function refusesSimple(requirement: SignedBy, candidate: Candidate): Promise<string | undefined> {
  const signatures = await candidate.signatures.simple(candidate.image);
  const messages = signatures.flatMap(signature => (signature.kind === 'simple' ? [signature.message] : []));
  if (messages.length === 0) return 'it has no simple signature';
  const keyring = await keyringOf(requirement);
  const reasons: string[] = [];
  for (const message of messages) {
    const why = await refusesOne(message, keyring, requirement, candidate);
    if (why === undefined) return undefined;
    reasons.push(why);
  }
  return joined(reasons);
}

/** One reason of several signatures, each by its number. */
export function joined(reasons: readonly string[]): string {
  if (reasons.length === 1) return `its signature does not hold: ${reasons[0]}`;
  return `none of its ${reasons.length} signatures holds: ${reasons.map((why, at) => `${at + 1}. ${why}`).join('; ')}`;
}

async function refusesOne(
  message: Uint8Array,
  keyring: Keyring,
  { identity }: SignedBy,
  { place, image, nowMs }: Candidate,
): Promise<string | undefined> {
  const opened = await openSigned(message, keyring, nowMs);
  if (opened.why !== undefined) return opened.why;
  const claim = readClaim(opened.signed, claimTypes.simple);
  if (typeof claim === 'string') return claim;
  if (claim.digest !== image.digest) return `it is for ${claim.digest}`;
  return mismatch(identity, claim.reference, imageName(place));
}

async function keyringOf({ keys }: SignedBy): Promise<Keyring> {
  const bytes = await readKeys(keys);
  const rings = bytes.map((each, index) =>
    readKeyring(each).catch(error => {
      throw noKey(keys[index] ?? { data: each }, error);
    }),
  );
  return (await Promise.all(rings)).flat();
}
