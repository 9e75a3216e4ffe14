import type { Actual } from '../model/actual.ts';
import type { Desired, DesiredImage, DesiredVolume } from '../model/desired.ts';
import { type Key, keyOf } from '../model/key.ts';
import type { StepBuilder } from './builder.ts';
import { type ImageUse, imagesFor } from './images.ts';
import type { Work } from './work.ts';

/** Ids of the steps that get things ready before anything is touched, by image reference and by volume name. */
export interface Prepared {
  readonly images: ReadonlyMap<string, number>;
  readonly volumes: ReadonlyMap<string, number>;
}

/** Key of an image's steps: a pull is nobody's alone. */
export function imageKey(reference: string): Key {
  return keyOf('Image', '-', reference);
}

/** Whether the engine has what a container needs: the image, built from the context as it is now. */
export function isImageReady(image: DesiredImage, actual: Actual): boolean {
  const found = actual.images.get(image.reference);
  return found !== undefined && (image.build === undefined || found.context === image.build.digest);
}

/** Pulls and builds for every container that is about to be made, each image once. */
export function addImages(
  builder: StepBuilder,
  works: readonly Work[],
  desired: Desired,
  actual: Actual,
): Prepared['images'] {
  return addUses(builder, works.flatMap(usesOf), desired, actual);
}

/** The same for every use of an image that there is. */
export function addUses(
  builder: StepBuilder,
  uses: readonly ImageUse[],
  desired: Desired,
  actual: Actual,
): Prepared['images'] {
  const wanted = new Map<string, { always: boolean }>();
  for (const use of uses) {
    const always = (wanted.get(use.image)?.always ?? false) || use.pullPolicy === 'Always';
    wanted.set(use.image, { always });
  }
  const ids = new Map<string, number>();
  for (const [reference, { always }] of [...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const image = desired.images.get(reference) ?? { reference, build: undefined, credentials: undefined };
    const ready = isImageReady(image, actual);
    if (image.build !== undefined) {
      if (!ready) ids.set(reference, builder.add(imageKey(reference), { verb: 'build', image }, []));
    } else if (!ready || always) {
      ids.set(reference, builder.add(imageKey(reference), { verb: 'pull', image, always }, []));
    }
  }
  return ids;
}

/** The images that new containers need. */
export function usesOf({ pod, create, asFound }: Work): readonly ImageUse[] {
  return create.flatMap(container =>
    imagesFor(pod, container).map(use =>
      asFound.has(container.name) ? ({ ...use, pullPolicy: 'IfNotPresent' } as const) : use,
    ),
  );
}

/**
 * Claims that are not there yet. One that is there but not ours is used as it is, as `podman kube play` does.
 *
 * @param images pulls and builds that are under way for containers
 */
export function addVolumes(
  builder: StepBuilder,
  volumes: readonly DesiredVolume[],
  images: Prepared['images'],
  actual: Actual,
): Prepared['volumes'] {
  const pulls = new Map(images);
  const ids = volumes.map(volume => {
    const reference = volume.driver === 'image' ? volume.options.image : undefined;
    if (reference !== undefined && !pulls.has(reference) && !actual.images.has(reference)) {
      const image = { reference, build: undefined, credentials: undefined };
      pulls.set(reference, builder.add(imageKey(reference), { verb: 'pull', image, always: false }, []));
    }
    const after = reference === undefined ? [] : [pulls.get(reference)];
    return [volume.engineName, builder.add(volume.key, { verb: 'createVolume', volume }, after)] as const;
  });
  return new Map(ids);
}
