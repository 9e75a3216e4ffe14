import type { Access } from './access.ts';
import { readSmall } from './blob.ts';
import { directorySource } from './directory.ts';
import { dockerArchiveSource } from './docker-archive.ts';
import { layoutSource } from './layout.ts';
import { type Descriptor, largestDocument, type Manifest } from './manifest.ts';
import { registrySource } from './registry-source.ts';
import { imageOf, type Repository } from './repository.ts';
import { storeSource } from './store.ts';
import { formatPlace, type Place } from './transport.ts';

/** Where an image is read. All that it gives has been held against its digest. */
export interface ImageSource {
  readonly place: Place;
  /** The manifest or index that the place names. @throws ImageError */
  top(): Promise<Manifest>;
  /** One that an index names. @throws ImageError */
  manifest(descriptor: Descriptor): Promise<Manifest>;
  /** The bytes of a layer or configuration; the last of them only where all were right. @throws ImageError */
  blob(descriptor: Descriptor): AsyncIterable<Uint8Array>;
  /** Where its blobs are, for a registry that can take them over itself. */
  readonly repository: Repository | undefined;
  close(): Promise<void>;
}

/** Opens the image of a place for reading. @throws ImageError */
export async function openSource(place: Place, access: Access): Promise<ImageSource> {
  switch (place.transport) {
    case 'docker':
      return registrySource(place, access);
    case 'dir':
      return directorySource(place);
    case 'docker-archive':
      return dockerArchiveSource(place);
    case 'containers-storage':
    case 'docker-daemon':
      return storeSource(place, access);
    default:
      return layoutSource(place);
  }
}

/** The image that an index names for what is wanted. @throws ImageError */
export async function imageIn(
  source: ImageSource,
  descriptor: Descriptor,
): Promise<Extract<Manifest, { kind: 'image' }>> {
  return imageOf(await source.manifest(descriptor), `${descriptor.digest} of ${formatPlace(source.place)}`);
}

/** Reads a configuration into memory. @throws ImageError `MANIFEST_INVALID` where it is larger than any is */
export async function readConfig(source: ImageSource, config: Descriptor): Promise<Uint8Array> {
  return readSmall(source.blob(config), largestDocument, `the configuration of ${formatPlace(source.place)}`);
}
