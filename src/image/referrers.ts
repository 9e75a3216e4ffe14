import { download, readSmall } from './blob.ts';
import { type ContentDigest, digestParts } from './digest.ts';
import { readAll } from './http.ts';
import { text } from './json.ts';
import { type Descriptor, largestDocument, type Manifest, parseManifest } from './manifest.ts';
import { ociIndex } from './media.ts';
import { fetchManifest, findManifest, imageOf, nameOf, type Repository, scopeTo } from './repository.ts';
import { retrying } from './retry.ts';
import { largestSignature } from './signature-store.ts';

/** What a bundle of sigstore is called as an artifact, whatever its version. */
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v|\+json;version=)0\.\d+(?:\+json)?$/;
/** Whoever lists them without end is left. */
const mostBundles = 128;

/**
 * The bundles of sigstore that refer to an image, as cosign 3 keeps them: artifacts that name it as their subject, found
 * by the referrers API, or by its tag where the registry has none (distribution-spec, "Listing Referrers").
 *
 * @throws ImageError
 */
export async function bundlesOf(repository: Repository, digest: ContentDigest): Promise<readonly Uint8Array[]> {
  const index = await referrers(repository, digest);
  const found = index?.kind === 'index' ? index.manifests.filter(isBundle).slice(0, mostBundles) : [];
  const bundles: Uint8Array[] = [];
  for (const descriptor of found) {
    const what = `${descriptor.digest} of ${nameOf(repository)}`;
    const [layer] = imageOf(await fetchManifest(repository, descriptor.digest), what).layers;
    if (layer !== undefined) bundles.push(await readSmall(download(repository, layer), largestSignature, what));
  }
  return bundles;
}

function isBundle({ raw }: Descriptor): boolean {
  return bundleType.test(text(raw.artifactType) ?? '');
}

async function referrers(repository: Repository, digest: ContentDigest): Promise<Manifest | undefined> {
  const what = `list what refers to ${digest} in ${nameOf(repository)}`;
  const bytes = await retrying(repository.registry.retries, async () => {
    const answer = await repository.registry.send({
      method: 'GET',
      at: `${repository.path}/referrers/${digest}`,
      headers: { accept: ociIndex },
      scopes: [scopeTo.pull(repository)],
      accept: [404],
      what,
    });
    if (answer.status !== 404) return readAll(answer, largestDocument, what);
    await answer.drop();
    return undefined;
  });
  if (bytes !== undefined) return parseManifest(bytes, ociIndex, `what refers to ${digest}`);
  const { algorithm, hex } = digestParts(digest);
  const tag = `${algorithm}-${hex}`;
  return (await findManifest(repository, tag)) === undefined ? undefined : fetchManifest(repository, tag);
}
