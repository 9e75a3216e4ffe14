import type { AutoUpdate } from '../model/desired.ts';
import type { HandContainer } from '../model/hand.ts';
import { parseReference } from '../model/reference.ts';

/** Of a whole pod; `NAME/CONTAINER` is for one container of it (podman-kube-play(1)). */
const annotation = 'io.containers.autoupdate';

/** Whether an annotation is one that {@link handUpdates} writes. */
export function isUpdate(key: string): boolean {
  return key.split('/')[0] === annotation;
}

/**
 * Which containers of a pod that was made by hand follow their images, as annotations: one for all where all do alike,
 * else one for each that does.
 */
export function handUpdates(
  containers: readonly (readonly [name: string, HandContainer])[],
  of: (name: string) => (what: string) => void,
): Readonly<Record<string, AutoUpdate>> {
  const following = containers.flatMap(([name, container]): [string, AutoUpdate][] => {
    const { autoUpdate } = container;
    if (autoUpdate === undefined) return [];
    const why = obstacleOf(container);
    if (why === undefined) return [[name, autoUpdate]];
    of(name)(`that it follows its image (${autoUpdate}), as ${why}`);
    return [];
  });
  const mains = containers.filter(([, { isInit }]) => !isInit);
  const [first] = following;
  const isAll = following.length === mains.length && following.every(([, policy]) => policy === first?.[1]);
  if (isAll && first !== undefined) return { [annotation]: first[1] };
  return Object.fromEntries(following.map(([name, policy]) => [`${annotation}/${name}`, policy]));
}

/** Why a reader of the manifest would warn of it. */
function obstacleOf({ isInit, image }: HandContainer): string | undefined {
  if (isInit) return 'an init container is made anew with its pod alone';
  return parseReference(image)?.digest === undefined ? undefined : `"${image}" is one image for ever`;
}
