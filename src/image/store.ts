import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Access } from './access.ts';
import { onDisk } from './disk.ts';
import { dockerArchiveSource } from './docker-archive.ts';
import { dockerArchiveTarget } from './docker-archive-target.ts';
import { ImageError } from './failure.ts';
import { layoutSource, layoutTarget } from './layout.ts';
import { formatName, type RegistryName } from './name.ts';
import { makeScratch } from './scratch.ts';
import type { ImageSource } from './source.ts';
import type { ImageTarget } from './target.ts';
import { formatPlace, type Place } from './transport.ts';
import { fileBytes } from './tree.ts';

/** The images of an engine on this host. It gives and takes them as archives. */
export interface ImageStore {
  readonly format: 'oci-archive' | 'docker-archive';
  /** @param image its name, or its id */
  save(image: string): AsyncIterable<Uint8Array>;
  /** Takes the image of an archive, under the name that stands in it. */
  load(archive: AsyncIterable<Uint8Array>): Promise<void>;
  close(): Promise<void>;
}

export type StorePlace = Extract<Place, { transport: 'containers-storage' | 'docker-daemon' }>;

/** How each is reached, once it is wanted. */
export type Stores = Readonly<Record<StorePlace['transport'], () => Promise<ImageStore>>>;

/** Reads an image as the engine saves it: its archive is kept beside until `close`, as blobs are read in any order. */
export async function storeSource(place: StorePlace, access: Access): Promise<ImageSource> {
  const store = await openStore(place, access);
  const scratch = await makeScratch(access.env, 'image.tar');
  const end = async (): Promise<void> => {
    await scratch.remove();
    await store.close();
  };
  try {
    const { path } = scratch;
    const saved = Readable.from(store.save(idOf(place)), { objectMode: false });
    const { signal } = access;
    await onDisk(path, () => pipeline(saved, createWriteStream(path, { mode: 0o600 }), { signal }));
    const inner = await (store.format === 'oci-archive'
      ? layoutSource({ transport: 'oci-archive', path, ref: undefined })
      : dockerArchiveSource({ transport: 'docker-archive', path, name: undefined }, access.signal));
    return {
      ...inner,
      place,
      close: async () => {
        await inner.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Writes an image for the engine to load, which it does whole or not at all. */
export async function storeTarget(place: StorePlace, access: Access): Promise<ImageTarget> {
  const name = targetName(place);
  const store = await openStore(place, access);
  const scratch = await makeScratch(access.env, 'image.tar');
  const { path } = scratch;
  const isOci = store.format === 'oci-archive';
  const inner = await (isOci
    ? layoutTarget({ transport: 'oci-archive', path, ref: formatName(name) })
    : dockerArchiveTarget({ transport: 'docker-archive', path, name }, []));
  return {
    ...inner,
    place,
    holds: isOci ? 'one-oci' : 'one',
    commit: async () => {
      await inner.commit();
      await store.load(fileBytes(path, { start: 0, size: undefined }));
    },
    close: async () => {
      await inner.close();
      await scratch.remove();
      await store.close();
    },
  };
}

function idOf({ name, id }: StorePlace): string {
  return name === undefined ? (id ?? '') : formatName(name);
}

/** @throws ImageError `NAME_INVALID` */
function targetName(place: StorePlace): RegistryName {
  if (place.name !== undefined && place.name.digest === undefined) return place.name;
  const hint = 'Give it a name with a tag: its id and its digest come from its content';
  throw new ImageError('NAME_INVALID', `Cannot write ${formatPlace(place)}: expected a name`, { hint });
}

async function openStore(place: StorePlace, { stores }: Access): Promise<ImageStore> {
  const open = stores?.[place.transport];
  if (open !== undefined) return open();
  const hint = 'Use a registry, a directory or an archive';
  throw new ImageError('NAME_INVALID', `Cannot use ${formatPlace(place)}: no engine is at hand`, { hint });
}
