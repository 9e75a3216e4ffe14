import type { ActualContainer, ActualPod } from '../model/actual.ts';
import type { DesiredContainer, DesiredPod } from '../model/desired.ts';

/**
 * Why a pod is not ready although its containers run; undefined where it is, or where it has no probe that could tell.
 */
export function unreadiness(pod: DesiredPod, actual: ActualPod | undefined): string | undefined {
  return firstOf(pod, actual, (live, container) => (live?.state === 'running' ? lackOf(live, container) : undefined));
}

/** As {@link unreadiness}, of a pod that may not run yet: a probed container that has not started is not ready. */
export function notYetReady(pod: DesiredPod, actual: ActualPod | undefined): string | undefined {
  return firstOf(pod, actual, (live, container) =>
    live?.state === 'running' ? lackOf(live, container) : `container '${container.name}' has not started`,
  );
}

type Judge = (live: ActualContainer | undefined, container: DesiredContainer) => string | undefined;

function firstOf(pod: DesiredPod, actual: ActualPod | undefined, judge: Judge): string | undefined {
  const probed = [...pod.initContainers, ...pod.containers].filter(
    ({ probes }) => probes?.readiness !== undefined || probes?.startup !== undefined,
  );
  for (const container of probed) {
    const why = judge(actual?.containers.get(container.name), container);
    if (why !== undefined) return why;
  }
  return undefined;
}

function lackOf({ health }: ActualContainer, { name }: DesiredContainer): string | undefined {
  if (health?.ready === true) return undefined;
  return `container '${name}' is not ready: ${health?.message || 'its probes have not run yet'}`;
}
