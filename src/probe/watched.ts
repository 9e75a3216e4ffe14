import type { ActualPod } from '../model/actual.ts';
import { appliedProbes } from '../model/applied.ts';
import type { Desired } from '../model/desired.ts';
import type { Watched } from './entry.ts';

/** The running and paused containers of a pod that have probes. Of a pod that is not desired, by what was last applied. */
export function watchedOf(pod: ActualPod, desired: Desired): readonly Watched[] {
  const wanted = desired.pods.get(pod.key);
  const containers = wanted && [...wanted.initContainers, ...wanted.containers];
  return [...pod.containers.values()].flatMap(({ name, id, state, startedAtMs }) => {
    if (state !== 'running' && state !== 'paused') return [];
    const probes =
      containers === undefined
        ? appliedProbes(pod.record?.applied, name)
        : (containers.find(container => container.name === name)?.probes ?? {});
    if (Object.keys(probes).length === 0) return [];
    const target = { containerId: id, infraId: pod.infra.id, infraStartedAtMs: pod.infra.startedAtMs };
    return [{ target, startedAtMs, probes, ...(state === 'paused' ? { isPaused: true } : {}) }];
  });
}
