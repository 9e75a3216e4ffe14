import { ImageError } from './failure.ts';
import { unique } from './fit.ts';
import type { Manifest } from './manifest.ts';
import { formatName, parseName, type RegistryName } from './name.ts';
import { imageName } from './policy-scope.ts';
import type { Claim } from './signature-claim.ts';
import type { SignatureKeeper } from './signature-keeper.ts';
import type { Signature } from './signature-store.ts';
import type { Signer } from './signer.ts';
import type { JudgedSource } from './source.ts';
import type { ImageTarget } from './target.ts';
import { formatPlace, type Place } from './transport.ts';

/** What becomes of signatures when an image is copied. */
export interface Signing {
  /** Whether those of the source come along. */
  readonly keep: boolean;
  /** Who signs the copy. */
  readonly signers: readonly Signer[];
  /** The name that new signatures give it; that of the target where undefined. */
  readonly reference: string | undefined;
}

/** An image, or an index with its images, as far as signatures go: by their digests. */
export interface Outline {
  readonly images: readonly Pick<Manifest, 'digest'>[];
  readonly top: Pick<Manifest, 'digest' | 'kind'>;
}

/** What a manifest is with all that it names. */
export function outlineOf(top: Manifest): Outline {
  return { images: top.kind === 'index' ? unique(top.manifests) : [top], top };
}

/** An image, or an index with its images, as it was read and as it is written. */
export interface Fitted {
  readonly before: Outline;
  readonly after: Outline;
  /** Layers are packed anew on the way: their manifests are others then, and not known yet. */
  readonly repacked: boolean;
}

/**
 * Finds what signatures go along with a copy, and refuses what the target cannot keep, before a byte is moved.
 *
 * @returns what signs what is to be written, keeps all signatures, and tells how many there are; undefined where there
 *   are none
 * @throws ImageError `NOT_CONVERTIBLE`, `NAME_INVALID`
 */
export async function carry(
  source: JudgedSource,
  target: Pick<ImageTarget, 'place' | 'signatures'>,
  { before, after, repacked }: Fitted,
  { keep, signers, reference }: Signing,
): Promise<((written: Outline) => Promise<number>) | undefined> {
  const lasting = new Set(repacked ? [] : manifestsOf(after).map(({ digest }) => digest));
  const carried = new Map<string, readonly Signature[]>();
  for (const manifest of keep ? manifestsOf(before) : []) {
    const found = await source.signatures(manifest);
    if (found.length > 0 && !lasting.has(manifest.digest)) throw broken(target.place);
    carried.set(manifest.digest, found);
  }
  const kinds = [...[...carried.values()].flat(), ...signers];
  if (kinds.length === 0) return undefined;
  const keeper = target.signatures;
  if (keeper === undefined) throw noKeeper(target.place);
  await keeper.check(kinds);
  const name = signers.length === 0 ? '' : referenceFor(target.place, reference);
  return async written => {
    let count = 0;
    for (const manifest of manifestsOf(written)) {
      const old = carried.get(manifest.digest) ?? [];
      const claim = { digest: manifest.digest, reference: name };
      count += await keeper.alone(async () => {
        const all = [...old, ...(await signAnew(signers, claim, { keeper, old }))];
        await keeper.add(all, manifest, manifest === written.top);
        return all.length;
      });
    }
    return count;
  };
}

function manifestsOf({ images, top }: Outline): readonly Pick<Manifest, 'digest'>[] {
  return top.kind === 'index' ? [...images, top] : images;
}

/** The failure of a place that keeps no signatures. */
export function noKeeper(place: Place): ImageError {
  const message = `Cannot keep signatures in ${formatPlace(place)}: only dir: and registries hold them`;
  return new ImageError('NOT_CONVERTIBLE', message, { hint: 'Leave them out with --remove-signatures' });
}

function broken(place: Place): ImageError {
  const message = `Cannot write ${formatPlace(place)}: it would change the manifest, and no signature of it would hold`;
  return new ImageError('NOT_CONVERTIBLE', message, { hint: 'Leave them out with --remove-signatures' });
}

/**
 * The name that signatures give the image of a place.
 *
 * @param given as by `--sign-identity`
 * @throws ImageError `NAME_INVALID`
 */
export function referenceFor(place: Place, given: string | undefined): string {
  if (given !== undefined) return wholeName(given);
  const name = place.transport === 'docker' ? tagged(place.name) : imageName(place);
  if (name !== undefined) return formatName(name);
  const message = `Cannot sign ${formatPlace(place)}: it has no name that a signature could give`;
  throw new ImageError('NAME_INVALID', message, { hint: 'Give one with --sign-identity NAME:TAG' });
}

/** With tag and digest it would be no name that anybody asks for; the digest is in the claim anyway. */
function tagged(name: RegistryName): RegistryName {
  return name.tag === undefined ? name : { ...name, digest: undefined };
}

/** A name as signatures have it. @throws ImageError `NAME_INVALID` where it has neither tag nor digest */
export function wholeName(text: string): string {
  const name = parseName(text);
  if (name.tag !== undefined || name.digest !== undefined) return formatName(name);
  const message = `Cannot sign as "${text}": expected a tag or a digest`;
  throw new ImageError('NAME_INVALID', message, { hint: `Write it as in "${formatName(name)}"` });
}

interface Known {
  readonly keeper: SignatureKeeper;
  /** That go there too. */
  readonly old: readonly Signature[];
}

/** New signatures by those who have not signed the very claim already. */
export async function signAnew(
  signers: readonly Signer[],
  claim: Claim,
  { keeper, old }: Known,
): Promise<readonly Signature[]> {
  const made: Signature[] = [];
  for (const signer of signers) {
    const there = [...old, ...(await keeper.kept(signer.kind, claim))];
    if (!(await hasMade(signer, there, claim))) made.push(await signer.sign(claim));
  }
  return made;
}

async function hasMade(signer: Signer, signatures: readonly Signature[], claim: Claim): Promise<boolean> {
  for (const signature of signatures) if (await signer.made(signature, claim)) return true;
  return false;
}
