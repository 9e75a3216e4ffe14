import type { ActualContainer, ActualPod } from '../model/actual.ts';
import { appliedHooks } from '../model/applied.ts';
import type { DesiredPod } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { ActionOf } from '../model/plan.ts';
import type { StepBuilder } from './builder.ts';

/** What is known of a pod whose containers stop. */
export interface Stopping {
  readonly pod: Key;
  /** As it stands; its record tells what the containers were made with. */
  readonly actual: ActualPod | undefined;
  /** Where no record tells. */
  readonly desired?: DesiredPod | undefined;
  readonly graceSeconds: number;
}

/** The stop of one container: its hook before it, and the grace of the probe that asks for it. */
export function stopOf(
  container: ActualContainer,
  { pod, actual, desired, graceSeconds }: Stopping,
): ActionOf<'stopContainer'> {
  const { name, id, health } = container;
  const wanted = [...(desired?.initContainers ?? []), ...(desired?.containers ?? [])].find(each => each.name === name);
  const applied = actual?.record?.applied;
  const { preStop } = applied === undefined ? (wanted?.hooks ?? {}) : appliedHooks(applied, name);
  const action = {
    verb: 'stopContainer',
    pod,
    name,
    id,
    graceSeconds: health?.failed?.graceSeconds ?? graceSeconds,
  } as const;
  return preStop === undefined ? action : { ...action, preStop };
}

/** Those of these containers that start, and do not just go on, and have a hook for that, as they were last applied. */
export function hookedStarts(pod: ActualPod, names: readonly string[], graceSeconds: number): StartsHooked {
  const hooked = names.flatMap(name => {
    const container = pod.containers.get(name);
    const hooks = appliedHooks(pod.record?.applied, name);
    if (container === undefined || container.state === 'paused' || hooks.postStart === undefined) return [];
    return [{ name, id: container.id, hooks, graceSeconds }];
  });
  return hooked.length === 0 ? {} : { hooked };
}

type StartsHooked = Pick<ActionOf<'startPod'>, 'hooked'>;

/**
 * Stops a pod's containers one by one, all at once, where one of them has a hook to run before; the pod as a whole is
 * stopped or removed after that.
 *
 * @returns ids of the steps; none where nothing has a hook
 */
export function stopHooked(
  builder: StepBuilder,
  stopping: Stopping,
  before: readonly (number | undefined)[],
): readonly number[] {
  const live = [...(stopping.actual?.containers.values() ?? [])].filter(({ state }) => state === 'running');
  const stops = live.map(container => stopOf(container, stopping));
  if (stopping.graceSeconds === 0 || stops.every(({ preStop }) => preStop === undefined)) return [];
  return stops.map(action => builder.add(stopping.pod, action, before));
}
