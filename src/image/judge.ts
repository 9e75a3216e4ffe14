import { ImageError } from './failure.ts';
import type { Manifest } from './manifest.ts';
import type { Policy, Requirement } from './policy.ts';
import { sectionFor } from './policy-scope.ts';
import type { SignatureReader } from './signature-reader.ts';
import { refusesSigstore } from './signature-sigstore.ts';
import { refusesSimple } from './signature-simple.ts';
import { formatPlace, type Place } from './transport.ts';

/** An image that somebody wants to take. */
export interface Candidate {
  /** Where it was asked for. */
  readonly place: Place;
  readonly image: Pick<Manifest, 'digest'>;
  readonly signatures: SignatureReader;
  /** By which keys are still good, in milliseconds since the epoch. */
  readonly nowMs: number;
}

/** What refused an image, for people. */
interface Refusal {
  readonly at: string;
  readonly why: string;
}

/**
 * Holds an image against a policy: all requirements of the section for its place must be met.
 *
 * @throws ImageError `UNTRUSTED`, with the section and the line that refused it; `TRUST_INVALID` where a key cannot be
 *   read
 */
export async function judge(policy: Policy, candidate: Candidate): Promise<void> {
  const section = await sectionFor(policy, candidate.place);
  for (const requirement of section.requirements) {
    const why = await refusal(requirement, candidate);
    if (why !== undefined) throw refused(candidate, section.name, { at: requirement.at, why });
  }
}

function refused({ place, image }: Candidate, section: string, { at, why }: Refusal): ImageError {
  const message = `Cannot take ${formatPlace(place)} (${image.digest}): ${why}`;
  return new ImageError('UNTRUSTED', message, { hint: `${section} refuses it (${at})` });
}

/** Why a requirement is not met; undefined where it is. */
async function refusal(requirement: Requirement, candidate: Candidate): Promise<string | undefined> {
  switch (requirement.type) {
    case 'insecureAcceptAnything':
      return undefined;
    case 'reject':
      return 'the policy takes no image from there';
    case 'unsupported':
      return requirement.why;
    case 'signedBy':
      return refusesSimple(requirement, candidate);
    case 'sigstoreSigned':
      return refusesSigstore(requirement, candidate);
  }
}
