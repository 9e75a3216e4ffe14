import type { Actual } from '../model/actual.ts';
import type { DesiredContainer, DesiredPod } from '../model/desired.ts';

/**
 * Leaves a container the name that it has while another pod or container of ours has the one that it should have: a
 * rename would fail over and over, and hold up its restart. So it is when the source shows one of two whose names
 * clash, and the other may not go yet.
 */
export function withOwnNames(pods: readonly DesiredPod[], actual: Actual): readonly DesiredPod[] {
  const taken = new Set(
    [...actual.pods.values()].flatMap(({ engineName, containers }) => [
      engineName,
      ...[...containers.values()].map(container => container.engineName),
    ]),
  );
  return pods.map(pod => {
    const live = actual.pods.get(pod.key)?.containers;
    const nameOf = ({ name, engineName }: DesiredContainer): string =>
      taken.has(engineName) ? (live?.get(name)?.engineName ?? engineName) : engineName;
    if ([...pod.initContainers, ...pod.containers].every(each => nameOf(each) === each.engineName)) return pod;
    const named = (container: DesiredContainer): DesiredContainer => ({ ...container, engineName: nameOf(container) });
    return { ...pod, initContainers: pod.initContainers.map(named), containers: pod.containers.map(named) };
  });
}
