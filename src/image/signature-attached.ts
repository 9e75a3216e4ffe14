import { download, readSmall } from './blob.ts';
import type { Manifest } from './manifest.ts';
import { fetchManifest, findManifest, imageOf, nameOf, type Repository } from './repository.ts';
import { attachmentTag } from './signature-attach.ts';
import { cosignNotes } from './signature-cosign.ts';
import { largestSignature, type Signature } from './signature-store.ts';

/**
 * The signatures that cosign put beside an image: an image of its own under the tag `sha256-HEX.sig`, a layer for each
 * (cosign, specs/SIGNATURE_SPEC.md).
 *
 * @throws ImageError
 */
export async function cosignSignatures(
  repository: Repository,
  image: Pick<Manifest, 'digest'>,
): Promise<readonly Signature[]> {
  const tag = attachmentTag(image);
  if ((await findManifest(repository, tag)) === undefined) return [];
  const what = `${tag} of ${nameOf(repository)}`;
  const { layers } = imageOf(await fetchManifest(repository, tag), what);
  const found: Signature[] = [];
  for (const layer of layers.filter(({ annotations }) => annotations?.[cosignNotes.signature] !== undefined)) {
    const payload = await readSmall(download(repository, layer), largestSignature, what);
    found.push({ kind: 'sigstore', mediaType: layer.mediaType, payload, annotations: layer.annotations ?? {} });
  }
  return found;
}
