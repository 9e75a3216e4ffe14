import type { Desired, DesiredImage, DesiredPod } from '../model/desired.ts';

/** Every image that pods and claims need, each once, sorted by reference. */
export function neededImages({ images, volumes }: Desired): readonly DesiredImage[] {
  const all = new Map(images);
  for (const { driver, options } of volumes.values()) {
    const reference = driver === 'image' ? options.image : undefined;
    if (reference === undefined || all.has(reference)) continue;
    all.set(reference, { reference, build: undefined, credentials: undefined });
  }
  return [...all.values()].toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
}

/**
 * The same, where some images came by other ways than a pull: no registry is asked for them, whatever their pull policy
 * says. What the pods are, and their digests, stays.
 */
export function withPresent(desired: Desired, references: ReadonlySet<string>): Desired {
  const present = <T extends { readonly image: string; readonly pullPolicy: string }>(use: T): T =>
    use.pullPolicy === 'Always' && references.has(use.image) ? { ...use, pullPolicy: 'IfNotPresent' } : use;
  const pods = [...desired.pods].map(([key, pod]): readonly [typeof key, DesiredPod] => [
    key,
    {
      ...pod,
      initContainers: pod.initContainers.map(present),
      containers: pod.containers.map(present),
      volumes: pod.volumes.map(volume => (volume.type === 'image' ? present(volume) : volume)),
    },
  ]);
  return { ...desired, pods: new Map(pods) };
}
