import type { Access } from './access.ts';
import { readSmall } from './blob.ts';
import { judge } from './judge.ts';
import { type Descriptor, largestDocument, type Manifest } from './manifest.ts';
import { registrySource } from './registry-source.ts';
import { imageOf, type Repository } from './repository.ts';
import { signatureReader } from './signature-reader.ts';
import type { Signature } from './signature-store.ts';
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

/** A source whose images are held against a policy before anything of them is used. */
export interface JudgedSource extends ImageSource {
  /** Whether an image of it may be taken, or its index alone. @throws ImageError `UNTRUSTED` where not */
  admit(image: Pick<Manifest, 'digest'>): Promise<void>;
  /** The signatures of a manifest that a copy of it takes along. @throws ImageError */
  signatures(manifest: Pick<Manifest, 'digest'>): Promise<readonly Signature[]>;
  /** Whether it may have any, as far as nobody need be asked. @throws ImageError */
  mayHaveSignatures(): Promise<boolean>;
}

/** Opens the image of a place for reading. @throws ImageError */
export async function openSource(place: Place, access: Access): Promise<JudgedSource> {
  const source = await openPlace(place, access);
  const { policy, now } = access.trust;
  const signatures = signatureReader(place, source.repository, access);
  return {
    ...source,
    signatures: signatures.carried,
    mayHaveSignatures: signatures.mayCarry,
    admit: async image => {
      const found = await policy();
      if (found !== undefined) await judge(found, { place, image, signatures, nowMs: now() });
    },
  };
}

async function openPlace(place: Place, access: Access): Promise<ImageSource> {
  switch (place.transport) {
    case 'docker':
      return registrySource(place, access);
    case 'dir':
      return (await import('./directory.ts')).directorySource(place);
    case 'docker-archive':
      return (await import('./docker-archive.ts')).dockerArchiveSource(place, access.signal);
    case 'tarball':
      return (await import('./tarball.ts')).tarballSource(place, access.signal);
    case 'containers-storage':
    case 'docker-daemon':
      return (await import('./store.ts')).storeSource(place, access);
    default:
      return (await import('./layout.ts')).layoutSource(place);
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
