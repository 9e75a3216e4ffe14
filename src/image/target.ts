import { type Access, openRepository } from './access.ts';
import { hasBlob, upload } from './blob.ts';
import { ImageError } from './failure.ts';
import type { Descriptor, ImageManifest, Manifest } from './manifest.ts';
import type { RegistryName } from './name.ts';
import { findManifest, pushManifest, type Repository } from './repository.ts';
import { registryKeeper, type SignatureKeeper } from './signature-keeper.ts';
import { formatPlace, type Place } from './transport.ts';

/** How a blob came to be there. */
export type Transfer = 'sent' | 'mounted';

/** Where an image is written. Blobs first, then manifests, then `commit`: until that nothing there looks whole. */
export interface ImageTarget {
  readonly place: Place;
  /** Manifests of OCI alone, any, one image with a manifest of OCI, or one image without a manifest. */
  readonly holds: 'oci' | 'any' | 'one-oci' | 'one';
  /** Refuses what it cannot hold, before a byte is moved. @throws ImageError `NOT_CONVERTIBLE` */
  check(image: ImageManifest): void;
  has(blob: Descriptor): Promise<boolean>;
  /**
   * Takes a blob.
   *
   * @param content read anew for each try; ends only where its bytes were right
   * @param from where it is, for a registry that can take it over itself
   */
  put(blob: Descriptor, content: () => AsyncIterable<Uint8Array>, from: Repository | undefined): Promise<Transfer>;
  /** @param isTop it is what the place names */
  putManifest(manifest: Manifest, isTop: boolean): Promise<void>;
  commit(): Promise<void>;
  /** Takes away what was not committed. */
  close(): Promise<void>;
  /** Where its blobs go, if that is a registry. */
  readonly repository: Repository | undefined;
  /** Where signatures of its images go; undefined where it can keep none. */
  readonly signatures?: SignatureKeeper;
}

/**
 * Opens a place for writing; what writes files is imported where it is needed.
 *
 * @param more names for the image, which only an archive of Docker's can hold
 * @throws ImageError
 */
export async function openTarget(
  place: Place,
  access: Access,
  more: readonly RegistryName[] = [],
): Promise<ImageTarget> {
  if (more.length > 0 && place.transport !== 'docker-archive') {
    const message = `Cannot give ${formatPlace(place)} more names: only docker-archive: holds several`;
    throw new ImageError('NOT_CONVERTIBLE', message, { hint: 'Copy it once for each name' });
  }
  switch (place.transport) {
    case 'docker':
      return registryTarget(place, access);
    case 'dir':
      return (await import('./directory.ts')).directoryTarget(place);
    case 'docker-archive':
      return (await import('./docker-archive-target.ts')).dockerArchiveTarget(place, more);
    case 'tarball': {
      const hint = 'Use dir: or oci-archive: instead';
      throw new ImageError('NOT_CONVERTIBLE', `Cannot write ${formatPlace(place)}: it is only read`, { hint });
    }
    case 'containers-storage':
    case 'docker-daemon':
      return (await import('./store.ts')).storeTarget(place, access);
    default:
      return (await import('./layout.ts')).layoutTarget(place);
  }
}

async function registryTarget(place: Extract<Place, { transport: 'docker' }>, access: Access): Promise<ImageTarget> {
  const repository = await openRepository(access, place.name);
  const { tag, digest } = place.name;
  return {
    place,
    holds: 'any',
    repository,
    signatures: registryKeeper(place, repository, access),
    check: () => undefined,
    has: blob => hasBlob(repository, blob),
    put: (blob, content, from) => upload(repository, { blob, content, mountFrom: sameRegistry(repository, from) }),
    putManifest: async (manifest, isTop) => {
      if (isTop && digest !== undefined && manifest.digest !== digest) {
        const message = `Cannot write ${formatPlace(place)}: the image is ${manifest.digest}`;
        throw new ImageError('NOT_CONVERTIBLE', message, { hint: 'Name a tag instead of a digest' });
      }
      const selector = isTop && digest === undefined ? (tag ?? 'latest') : manifest.digest;
      if ((await findManifest(repository, selector)) === manifest.digest) return;
      await pushManifest(repository, manifest, selector);
    },
    commit: async () => undefined,
    close: () => repository.registry.close(),
  };
}

function sameRegistry(repository: Repository, from: Repository | undefined): Repository | undefined {
  const isSame = from !== undefined && from.registry.name === repository.registry.name && from.path !== repository.path;
  return isSame ? from : undefined;
}
