import type { Actual } from '../model/actual.ts';
import type { DesiredPod } from '../model/desired.ts';

/**
 * Why a pod is not ready although its containers run; undefined where it is, or where it has no probe that could tell.
 */
export function unreadiness(pod: DesiredPod, actual: Actual): string | undefined {
  for (const { name, probes } of [...pod.initContainers, ...pod.containers]) {
    if (probes?.readiness === undefined && probes?.startup === undefined) continue;
    const live = actual.pods.get(pod.key)?.containers.get(name);
    if (live?.state !== 'running' || live.health?.ready === true) continue;
    return `container '${name}' is not ready: ${live.health?.message || 'its probes have not run yet'}`;
  }
  return undefined;
}
