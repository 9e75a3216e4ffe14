import type { ContentDigest } from '../image/digest.ts';
import { blobPath, layoutVersion, refName } from '../image/layout.ts';
import { formatName, parseName } from '../image/name.ts';
import { type TarMember, tarStream } from '../image/tar.ts';
import type { Bundle } from './open.ts';
import { holderOf, type WholeImage } from './verify.ts';

/** The name under which an engine keeps an image: a digest decides where a tag is given too. */
export function storedName(reference: string): string {
  const name = parseName(reference);
  return formatName(name.digest === undefined ? name : { ...name, tag: undefined });
}

/**
 * One image of bundles as an archive in OCI's layout, as engines load it. A layer that none of the bundles has is left
 * out: an engine that has it does not ask for it.
 */
export function imageArchive(
  { bundled, top, image }: WholeImage,
  bundles: readonly Bundle[],
): AsyncIterable<Uint8Array> {
  const named = { [refName]: storedName(bundled.reference) };
  const descriptor = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.length, annotations: named };
  const blobs = new Map<ContentDigest, TarMember>();
  for (const digest of [top.digest, image.digest, image.config.digest, ...image.layers.map(layer => layer.digest)]) {
    const found = holderOf(digest, bundles);
    if (found === undefined) continue;
    const { holder, part } = found;
    blobs.set(digest, { ...part, path: blobPath(digest), content: () => holder.read(part) });
  }
  return tarStream([
    json('oci-layout', { imageLayoutVersion: layoutVersion }),
    json('index.json', { schemaVersion: 2, manifests: [descriptor] }),
    ...blobs.values(),
  ]);
}

function json(path: string, value: unknown): TarMember {
  const bytes = Buffer.from(JSON.stringify(value));
  async function* content(): AsyncGenerator<Uint8Array, void> {
    yield bytes;
  }
  return { type: 'file', path, mode: 0o644, size: bytes.length, content };
}
