import { type Access, openRepository } from './access.ts';
import { blobsOf } from './copy.ts';
import type { ContentDigest } from './digest.ts';
import { directorySource } from './directory.ts';
import { ImageError } from './failure.ts';
import type { Descriptor, ImageManifest } from './manifest.ts';
import { dockerList, manifestTypes, ociIndex } from './media.ts';
import { selectorOf } from './name.ts';
import { fetchManifest, imageOf, lookUp } from './repository.ts';
import type { ImageSource } from './source.ts';
import type { Place } from './transport.ts';
import { directoryTree } from './tree.ts';

/** What a place has under its name already. */
export interface Standing {
  readonly digest: ContentDigest;
  isIndex(): Promise<boolean>;
}

/** Where images are synced to. */
export type SyncPlace = Extract<Place, { transport: 'docker' | 'dir' }>;

/** The image that a place has, with every part of it; undefined where there is none, or not all of it. */
export async function standing(place: SyncPlace, access: Access): Promise<Standing | undefined> {
  return place.transport === 'dir' ? inDirectory(place) : inRegistry(place, access);
}

async function inRegistry(
  { name }: Extract<Place, { transport: 'docker' }>,
  access: Access,
): Promise<Standing | undefined> {
  const repository = await openRepository(access, name);
  try {
    // Registries take a manifest only where its parts are there: its digest vouches for them.
    const named = await lookUp(repository, selectorOf(name));
    if (named === undefined) return undefined;
    const { digest, mediaType = '' } = named;
    const isIndex = async (): Promise<boolean> => {
      if (manifestTypes.includes(mediaType)) return mediaType === ociIndex || mediaType === dockerList;
      return (await fetchManifest(repository, digest)).kind === 'index';
    };
    return { digest, isIndex };
  } catch (error) {
    // Some answer so for a repository that is not there yet; where nobody may write either, copying will tell.
    if (error instanceof ImageError && error.code === 'REGISTRY_REFUSED') return undefined;
    throw error;
  } finally {
    await repository.registry.close();
  }
}

/** Other tools write files one by one: what they left half done is no image. */
async function inDirectory(place: Extract<Place, { transport: 'dir' }>): Promise<Standing | undefined> {
  try {
    const source = await directorySource(place);
    const top = await source.top();
    const images = top.kind === 'image' ? [top] : await imagesOf(source, top.manifests);
    const tree = directoryTree(place.path);
    for (const { digest, size } of blobsOf(images)) {
      if ((await tree.size(digest.slice(digest.indexOf(':') + 1))) !== size) return undefined;
    }
    return { digest: top.digest, isIndex: async () => top.kind === 'index' };
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}

async function imagesOf(source: ImageSource, descriptors: readonly Descriptor[]): Promise<readonly ImageManifest[]> {
  return Promise.all(descriptors.map(async each => imageOf(await source.manifest(each), each.digest)));
}
