import { type Access, openRepository } from './access.ts';
import { type ContentDigest, checkBytes } from './digest.ts';
import { directorySource } from './directory.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { selectorOf } from './name.ts';
import { fetchManifest, type Repository } from './repository.ts';
import { directoryKeeper, registryKeeper, type SignatureKeeper } from './signature-keeper.ts';
import { formatSignature } from './signature-store.ts';
import type { Signer } from './signer.ts';
import { noKeeper, referenceFor, signAnew, wholeName } from './signing.ts';
import { formatPlace, type Place } from './transport.ts';

/** What was signed. */
export interface SignedImage {
  /** Of what the place names: an index where it is one. */
  readonly digest: ContentDigest;
  /** The name that the signatures give it. */
  readonly reference: string;
  /** How many were made, for an index also those for its images; the others were there already. */
  readonly made: number;
}

/**
 * Signs an image where it is: an index with every image that it names, as a policy judges those.
 *
 * @param given.reference the name that the signatures give it; that of the place where undefined
 * @throws ImageError
 */
export async function signImage(
  place: Place,
  access: Access,
  { signers, reference: given }: { readonly signers: readonly Signer[]; readonly reference: string | undefined },
): Promise<SignedImage> {
  const here = await openSigned(place, access);
  try {
    const { keeper } = here;
    await keeper.check(signers);
    const reference = referenceFor(place, given);
    const top = await here.top();
    const members = top.kind === 'index' ? top.manifests.map(({ digest }) => digest) : [];
    let made = 0;
    for (const digest of new Set([...members, top.digest])) {
      const signatures = await signAnew(signers, { digest, reference }, { keeper, old: [] });
      await keeper.add(signatures, { digest }, digest === top.digest);
      made += signatures.length;
    }
    return { digest: top.digest, reference, made };
  } finally {
    await here.close();
  }
}

/** Where an image is signed. */
export interface SignedPlace {
  readonly keeper: SignatureKeeper;
  /** Of a registry. */
  readonly repository: Repository | undefined;
  /**
   * What the place names; or what has a digest, whatever its name leads to by now.
   *
   * @throws ImageError, where nothing there has that digest
   */
  top(digest?: ContentDigest): Promise<Manifest>;
  close(): Promise<void>;
}

/**
 * Opens the place of an image that is there, to sign it. What is signed is read where signatures go: no mirror decides what
 * a signature is for.
 *
 * @throws ImageError `NOT_CONVERTIBLE` where it keeps none
 */
export async function openSigned(place: Place, access: Access): Promise<SignedPlace> {
  if (place.transport === 'dir') {
    const { top, repository, close } = await directorySource(place);
    const read = async (digest?: ContentDigest): Promise<Manifest> => {
      const manifest = await top();
      if (digest !== undefined) checkBytes(manifest.bytes, { digest, size: undefined }, formatPlace(place));
      return manifest;
    };
    return { keeper: directoryKeeper(place.path, false), repository, top: read, close };
  }
  if (place.transport !== 'docker') throw noKeeper(place);
  const repository = await openRepository(access, place.name);
  return {
    keeper: registryKeeper(place, repository, access),
    repository,
    top: digest => fetchManifest(repository, digest ?? selectorOf(place.name)),
    close: () => repository.registry.close(),
  };
}

/**
 * Signs a manifest that is in a file, and nowhere else.
 *
 * @param reference the name that the signature gives it, with tag or digest
 * @returns the signature as a file: what lookaside storages and `dir:` have
 * @throws ImageError `MANIFEST_INVALID`, `NAME_INVALID`
 */
export async function signManifest(bytes: Uint8Array, reference: string, signer: Signer): Promise<Uint8Array> {
  const { digest } = parseManifest(bytes, undefined, 'the manifest');
  return formatSignature(await signer.sign({ digest, reference: wholeName(reference) }));
}
