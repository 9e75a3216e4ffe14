import type { ImageManifest, Manifest } from './manifest.ts';
import { choose, type Platform } from './platform.ts';
import { type ImageSource, imageIn } from './source.ts';
import { formatPlace } from './transport.ts';

/** One image, and what the place names: the image itself, or the index that it is in. */
export interface Picked {
  readonly top: Manifest;
  readonly image: ImageManifest;
}

/** The image that a place names; of an index, the one for a platform. @throws ImageError */
export async function pickImage(source: ImageSource, platform: Platform): Promise<Picked> {
  const top = await source.top();
  if (top.kind === 'image') return { top, image: top };
  return { top, image: await imageIn(source, choose(top, platform, formatPlace(source.place))) };
}
