import type { Actual, ActualPod } from '../model/actual.ts';
import type { DesiredContainer, DesiredPod } from '../model/desired.ts';

/**
 * Leaves a container the name that it has while another pod or container of ours has the one that it should have: a
 * rename would fail over and over, and hold up its restart. So it is when the source shows one of two whose names
 * clash, and the other may not go yet.
 */
export function withOwnNames(pods: readonly DesiredPod[], actual: Actual): readonly DesiredPod[] {
  const isMisnamed = (pod: DesiredPod): boolean => {
    const live = actual.pods.get(pod.key);
    return live !== undefined && all(pod).some(container => nameOf(live, container) !== container.engineName);
  };
  const misnamed = new Set(pods.filter(isMisnamed));
  if (misnamed.size === 0) return pods;
  const taken = new Set(
    [...actual.pods.values()].flatMap(({ engineName, containers }) => [
      engineName,
      ...[...containers.values()].map(container => container.engineName),
    ]),
  );
  return pods.map(pod => {
    const live = actual.pods.get(pod.key);
    if (live === undefined || !misnamed.has(pod)) return pod;
    const named = (container: DesiredContainer): DesiredContainer =>
      taken.has(container.engineName) ? { ...container, engineName: nameOf(live, container) } : container;
    return { ...pod, initContainers: pod.initContainers.map(named), containers: pod.containers.map(named) };
  });
}

function all({ initContainers, containers }: DesiredPod): readonly DesiredContainer[] {
  return [...initContainers, ...containers];
}

/** The name that a container has; the one that it is to have where it is not there. */
function nameOf(live: ActualPod, { name, engineName }: DesiredContainer): string {
  return live.containers.get(name)?.engineName ?? engineName;
}
