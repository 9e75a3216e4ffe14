import { download, hasBlob, readSmall, upload } from './blob.ts';
import { digestOf, digestParts } from './digest.ts';
import { ImageError } from './failure.ts';
import { isRecord, list, parseJson, record } from './json.ts';
import { type Descriptor, largestDocument, type Manifest, parseManifest } from './manifest.ts';
import { ociConfig, ociManifest } from './media.ts';
import { fetchManifest, findManifest, imageOf, nameOf, pushManifest, type Repository } from './repository.ts';
import type { SigstoreSignature } from './signature-store.ts';

/** The tag under which cosign keeps signatures beside an image (cosign, specs/SIGNATURE_SPEC.md). */
export function attachmentTag({ digest }: Pick<Manifest, 'digest'>): string {
  const { algorithm, hex } = digestParts(digest);
  return `${algorithm}-${hex}.sig`;
}

/**
 * Puts signatures beside an image into its repository, after those that are there: a layer for each, and a configuration
 * that names the layers.
 *
 * @throws ImageError
 */
export async function attachSignatures(
  repository: Repository,
  image: Pick<Manifest, 'digest'>,
  signatures: readonly SigstoreSignature[],
): Promise<void> {
  if (signatures.length === 0) return;
  const tag = attachmentTag(image);
  const before = await readBefore(repository, tag);
  const layers = signatures.map(({ mediaType, payload, annotations }) => {
    return { mediaType, digest: digestOf(payload), size: payload.length, annotations };
  });
  for (const { payload } of signatures) await give(repository, payload);
  const config = Buffer.from(
    JSON.stringify(
      grown(
        before.config,
        layers.map(({ digest }) => digest),
      ),
    ),
  );
  await give(repository, config);
  const bytes = Buffer.from(
    JSON.stringify({
      ...before.manifest,
      config: { mediaType: ociConfig, digest: digestOf(config), size: config.length },
      layers: [...list(before.manifest.layers), ...layers],
    }),
  );
  await pushManifest(repository, parseManifest(bytes, ociManifest, `the signatures in ${nameOf(repository)}`), tag);
}

type Document = Readonly<Record<string, unknown>>;

interface Before {
  readonly manifest: Document;
  readonly config: Document;
}

const nothing: Before = {
  manifest: { schemaVersion: 2, mediaType: ociManifest },
  config: { architecture: '', os: '', config: {}, rootfs: { type: 'layers', diff_ids: [] } },
};

async function readBefore(repository: Repository, tag: string): Promise<Before> {
  if ((await findManifest(repository, tag)) === undefined) return nothing;
  const what = `${tag} of ${nameOf(repository)}`;
  const manifest = imageOf(await fetchManifest(repository, tag), what);
  if (manifest.mediaType !== ociManifest) {
    const hint = 'Sign it anew with a cosign of today, or take the tag away';
    throw new ImageError('NOT_CONVERTIBLE', `Cannot add a signature to ${what}: it is no manifest of OCI`, { hint });
  }
  const config = parseJson(await readSmall(download(repository, manifest.config), largestDocument, what), what);
  return { manifest: record(parseJson(manifest.bytes, what)), config: isRecord(config) ? config : nothing.config };
}

/** With the layers that come: none of them is packed, so that each is called by its own digest. */
function grown(config: Document, digests: readonly string[]): Document {
  const rootfs = record(config.rootfs);
  return { ...config, rootfs: { type: 'layers', ...rootfs, diff_ids: [...list(rootfs.diff_ids), ...digests] } };
}

async function give(repository: Repository, bytes: Uint8Array): Promise<void> {
  const raw = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
  const blob: Descriptor = { ...raw, urls: [], annotations: undefined, platform: undefined, raw };
  if (await hasBlob(repository, blob)) return;
  const content = async function* (): AsyncGenerator<Uint8Array, void> {
    yield bytes;
  };
  await upload(repository, { blob, content, mountFrom: undefined });
}
