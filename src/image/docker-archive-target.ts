import { readSmall } from './blob.ts';
import { digestParts } from './digest.ts';
import { ImageError } from './failure.ts';
import { parseJson, record, texts } from './json.ts';
import { type Descriptor, type ImageManifest, largestDocument } from './manifest.ts';
import { packingOf } from './media.ts';
import { formatName, type RegistryName } from './name.ts';
import { archiveSink, writeBytes, writeJson } from './sink.ts';
import type { ImageTarget } from './target.ts';
import { formatPlace, type Place } from './transport.ts';
import { unpack } from './unpack.ts';

type ArchivePlace = Extract<Place, { transport: 'docker-archive' }>;

/**
 * Writes an image as `docker save` does: its layers lie unpacked, and no manifest of it is kept.
 *
 * @param more names beside that of the place
 */
export async function dockerArchiveTarget(place: ArchivePlace, more: readonly RegistryName[]): Promise<ImageTarget> {
  const sink = await archiveSink(place.path);
  /** Of each blob: where it lies. */
  const names = new Map<string, string>();
  let config: Uint8Array = new Uint8Array();
  let top: ImageManifest | undefined;

  async function putLayer(blob: Descriptor, content: AsyncIterable<Uint8Array>): Promise<void> {
    const plain = unpack(blob, content);
    const nameOf = (): string => `${digestParts(plain.digest()).hex}.tar`;
    await sink.write(nameOf, plain.content);
    names.set(blob.digest, nameOf());
  }

  async function putConfig(blob: Descriptor, content: AsyncIterable<Uint8Array>): Promise<void> {
    const name = `${digestParts(blob.digest).hex}.json`;
    config = await readSmall(content, largestDocument, `the configuration ${blob.digest}`);
    await writeBytes(sink, name, config);
    names.set(blob.digest, name);
  }

  return {
    place,
    holds: 'one',
    repository: undefined,
    check: image => checkHolds(place, image),
    has: async ({ digest }) => names.has(digest),
    put: async (blob, content) => {
      await (packingOf(blob.mediaType) === undefined ? putConfig : putLayer)(blob, content());
      return 'sent';
    },
    putManifest: async manifest => {
      if (manifest.kind === 'image') top = manifest;
    },
    commit: async () => {
      if (top === undefined) return;
      const layers = top.layers.map(({ digest }) => names.get(digest) ?? '');
      checkLayers(config, layers, place);
      const all = place.name === undefined ? more : [place.name, ...more];
      const RepoTags = [...new Set(all.map(formatName))];
      await writeJson(sink, 'manifest.json', [{ Config: names.get(top.config.digest), RepoTags, Layers: layers }]);
      await sink.finish();
    },
    close: () => sink.close(),
  };
}

/** @throws ImageError `NOT_CONVERTIBLE` */
function checkHolds(place: ArchivePlace, { layers }: ImageManifest): void {
  const other = layers.find(({ mediaType }) => packingOf(mediaType) === undefined);
  if (other === undefined) return;
  const message = `Cannot write ${formatPlace(place)}: it takes no layers of type "${other.mediaType}"`;
  throw new ImageError('NOT_CONVERTIBLE', message, { hint: 'Use oci-archive: instead, which takes all' });
}

/** What the layers unpack to is what the configuration says, or nobody could load it. */
function checkLayers(config: Uint8Array, names: readonly string[], place: ArchivePlace): void {
  const document = record(parseJson(config, 'the configuration'));
  const diffIds = texts(record(document.rootfs).diff_ids).map(digest => `${digestParts(digest).hex}.tar`);
  if (diffIds.length === names.length && diffIds.every((name, index) => name === names[index])) return;
  throw new ImageError('CONTENT_WRONG', `Cannot write ${formatPlace(place)}: a layer is not what the image says`, {
    hint: 'Nothing of it was kept: whoever made the image named other layers in its configuration',
  });
}
