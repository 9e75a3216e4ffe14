import { digest } from '../manifest/canon.ts';
import type { DesiredContainer, DesiredPod, DesiredPort } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import { portsOverlap } from '../model/port.ts';
import type { Problem } from '../model/problem.ts';

/**
 * Gives each container a name that no other pod or container of ours has: the engine keeps both in one name space, so
 * container `c` of pod `a-b` and container `b-c` of pod `a` collide. The loser gets a suffix that depends on its own
 * key alone, so that it keeps it whatever comes and goes beside it.
 */
export function resolveNameClashes(pods: readonly DesiredPod[]): { pods: readonly DesiredPod[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const taken = new Set(pods.map(pod => pod.engineName));
  const rename = (pod: DesiredPod, container: DesiredContainer): DesiredContainer => {
    const { engineName } = container;
    if (!taken.has(engineName)) {
      taken.add(engineName);
      return container;
    }
    const renamed = `${engineName}-${digest([pod.key, container.name]).slice(0, 5)}`;
    taken.add(renamed);
    problems.push({
      code: 'NAME_CLASH',
      severity: 'warning',
      message: `Container '${container.name}' of '${pod.key}' is named '${renamed}' in the engine: '${engineName}' is taken by another pod or container`,
      hint: 'Rename the pod or the container to get rid of the suffix',
      ...pod.locate(`/containers/${container.name}`),
      key: pod.declaredBy,
    });
    return { ...container, engineName: renamed };
  };
  const named = pods.map(pod => {
    const before = problems.length;
    const initContainers = pod.initContainers.map(container => rename(pod, container));
    const containers = pod.containers.map(container => rename(pod, container));
    return problems.length === before ? pod : { ...pod, initContainers, containers };
  });
  return { pods: named, problems };
}

/**
 * Objects that want a host port which another has: the first by key gets it, the others are refused, so that the
 * answer does not depend on the order of files.
 *
 * @param pods sorted by key
 */
export function findPortClashes(pods: readonly DesiredPod[]): Problem[] {
  const problems: Problem[] = [];
  const refused = new Set<Key>();
  const holders = new Map<number, { port: DesiredPort; pod: DesiredPod }[]>();
  for (const pod of pods) {
    for (const port of pod.sandbox.ports) {
      const ofPort = holders.get(port.hostPort) ?? [];
      const holder = ofPort.find(each => each.pod.declaredBy !== pod.declaredBy && portsOverlap(each.port, port));
      if (holder === undefined || refused.has(pod.declaredBy)) continue;
      refused.add(pod.declaredBy);
      problems.push({
        code: 'PORT_CLASH',
        severity: 'error',
        message: `Cannot publish port ${port.hostPort}/${port.protocol} for '${pod.declaredBy}': '${holder.pod.declaredBy}' has it`,
        hint: 'Give one of them another hostPort or hostIP',
        ...pod.locate('/sandbox/ports'),
        key: pod.declaredBy,
      });
    }
    if (refused.has(pod.declaredBy)) continue;
    for (const port of pod.sandbox.ports) {
      holders.set(port.hostPort, [...(holders.get(port.hostPort) ?? []), { port, pod }]);
    }
  }
  return problems;
}
