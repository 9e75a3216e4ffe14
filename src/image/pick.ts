import type { ImageManifest, Manifest } from './manifest.ts';
import { choose, type Platform } from './platform.ts';
import { imageIn, type JudgedSource } from './source.ts';
import { formatPlace } from './transport.ts';

/** One image, and what the place names: the image itself, or the index that it is in. */
export interface Picked {
  readonly top: Manifest;
  readonly image: ImageManifest;
}

/** The image that a place names, if it may be taken; of an index, the one for a platform. @throws ImageError */
export async function pickImage(source: JudgedSource, platform: Platform): Promise<Picked> {
  const top = await source.top();
  const image = top.kind === 'image' ? top : await imageIn(source, choose(top, platform, formatPlace(source.place)));
  await source.admit(image);
  return { top, image };
}
