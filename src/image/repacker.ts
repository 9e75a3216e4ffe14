import type { ContentDigest } from './digest.ts';
import { parseJson, record, texts } from './json.ts';
import type { Descriptor, ImageManifest } from './manifest.ts';
import { isToRepack, type Repacking, repack } from './repack.ts';
import { type ImageSource, readConfig } from './source.ts';
import type { ImageTarget, Transfer } from './target.ts';

/** Sends layers packed anew, and tells what they became. */
export interface Repacker {
  takes(blob: Descriptor): boolean;
  /** @throws ImageError */
  send(layer: Descriptor, content: AsyncIterable<Uint8Array>, target: ImageTarget): Promise<Transfer | 'present'>;
  /** Undefined for one that it did not send. */
  made(layer: Descriptor): { readonly digest: ContentDigest; readonly size: number } | undefined;
}

/** Reads the configurations of images: what their layers unpack to is held against them. @throws ImageError */
export async function makeRepacker(
  source: ImageSource,
  images: readonly ImageManifest[],
  repacking: Repacking & { readonly signal: AbortSignal },
): Promise<Repacker> {
  const diffIds = await diffIdsOf(source, images);
  const made = new Map<ContentDigest, { readonly digest: ContentDigest; readonly size: number }>();
  return {
    takes: blob => isToRepack(blob, repacking),
    send: async (layer, content, target) => {
      const repacked = await repack(layer, content, { ...repacking, diffId: diffIds.get(layer.digest) });
      const { digest, size } = repacked;
      made.set(layer.digest, { digest, size });
      try {
        const blob = { ...layer, digest, size };
        return (await target.has(blob)) ? 'present' : await target.put(blob, repacked.content, undefined);
      } finally {
        await repacked.remove();
      }
    },
    made: ({ digest }) => made.get(digest),
  };
}

/** What each layer unpacks to, as the configurations of its images say. */
async function diffIdsOf(
  source: ImageSource,
  images: readonly ImageManifest[],
): Promise<ReadonlyMap<ContentDigest, ContentDigest>> {
  const all = new Map<ContentDigest, ContentDigest>();
  for (const { config, layers } of images) {
    const document = record(parseJson(await readConfig(source, config), `the configuration ${config.digest}`));
    const diffIds = texts(record(document.rootfs).diff_ids);
    for (const [index, { digest }] of layers.entries()) all.set(digest, diffIds[index] ?? '');
  }
  return all;
}
