import type { DesiredContainer, DesiredPod, PullPolicy } from '../model/desired.ts';

/** An image that something needs, and how it is to be got. */
export interface ImageUse {
  readonly image: string;
  readonly pullPolicy: PullPolicy;
}

/** The images that a container needs: its own, and those that it mounts as volumes. */
export function imagesFor(pod: DesiredPod, container: DesiredContainer): readonly ImageUse[] {
  const mounted = pod.volumes.filter(
    volume => volume.type === 'image' && container.mounts.some(mount => mount.volume === volume.name),
  );
  return [container, ...mounted.flatMap(volume => (volume.type === 'image' ? [volume] : []))];
}

/** The images of all containers of a pod. */
export function imagesOfPod(pod: DesiredPod): readonly ImageUse[] {
  return [...pod.initContainers, ...pod.containers].flatMap(container => imagesFor(pod, container));
}
