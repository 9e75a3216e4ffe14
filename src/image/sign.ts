import { type Access, openRepository } from './access.ts';
import type { ContentDigest } from './digest.ts';
import { directorySource } from './directory.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { selectorOf } from './name.ts';
import { fetchManifest } from './repository.ts';
import { directoryKeeper, registryKeeper, type SignatureKeeper } from './signature-keeper.ts';
import { formatSignature } from './signature-store.ts';
import type { Signer } from './signer.ts';
import { noKeeper, referenceFor, signAnew, wholeName } from './signing.ts';
import type { Place } from './transport.ts';

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

interface Opened {
  readonly keeper: SignatureKeeper;
  top(): Promise<Manifest>;
  close(): Promise<void>;
}

/** What is signed is read where signatures go: no mirror decides what a signature is for. */
async function openSigned(place: Place, access: Access): Promise<Opened> {
  if (place.transport === 'dir') {
    return { ...(await directorySource(place)), keeper: directoryKeeper(place.path, false) };
  }
  if (place.transport !== 'docker') throw noKeeper(place);
  const repository = await openRepository(access, place.name);
  return {
    keeper: registryKeeper(place, repository, access),
    top: () => fetchManifest(repository, selectorOf(place.name)),
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
