import type { ActualContainer, ActualPod } from '../model/actual.ts';
import { appliedHooks, appliedInits, appliedRole, type Role } from '../model/applied.ts';
import type { DesiredPod } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { ActionOf, StopTarget } from '../model/plan.ts';
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

/** The stop of several containers of a pod: main ones first, then its sidecars, the last that was begun before the first. */
export function stopInOrder(containers: readonly ActualContainer[], stopping: Stopping): ActionOf<'stopInOrder'> {
  const { pod, graceSeconds } = stopping;
  const target = (container: ActualContainer): StopTarget => {
    const { name, id, preStop } = stopOf(container, stopping);
    return preStop === undefined || container.state !== 'running' ? { name, id } : { name, id, preStop };
  };
  const first = containers.filter(({ name }) => roleIn(stopping, name) !== 'sidecar').map(target);
  const order = initsOf(stopping);
  const sidecars = containers
    .filter(({ name }) => roleIn(stopping, name) === 'sidecar')
    .toSorted((a, b) => order.indexOf(b.name) - order.indexOf(a.name));
  const turns = [...(first.length === 0 ? [] : [first]), ...sidecars.map(sidecar => [target(sidecar)])];
  return { verb: 'stopInOrder', pod, graceSeconds, turns };
}

function roleIn({ actual, desired }: Stopping, name: string): Role {
  const applied = actual?.record?.applied;
  if (applied !== undefined) return appliedRole(applied, name);
  const init = desired?.initContainers.find(each => each.name === name);
  return init === undefined ? 'main' : init.sidecar ? 'sidecar' : 'init';
}

function initsOf({ actual, desired }: Stopping): readonly string[] {
  const applied = actual?.record?.applied;
  return applied === undefined ? (desired?.initContainers ?? []).map(({ name }) => name) : appliedInits(applied);
}

/**
 * Stops a pod's containers one by one where one of them has a hook to run before, or is a sidecar, which stops last; the
 * pod as a whole is stopped or removed after that.
 *
 * @returns ids of the steps; none where nothing has a hook
 */
export function stopHooked(
  builder: StepBuilder,
  stopping: Stopping,
  before: readonly (number | undefined)[],
): readonly number[] {
  if (stopping.graceSeconds === 0) return [];
  const all = [...(stopping.actual?.containers.values() ?? [])];
  const standing = all.filter(({ state }) => ['running', 'paused', 'stopping'].includes(state));
  if (standing.some(({ name }) => roleIn(stopping, name) === 'sidecar'))
    return [builder.add(stopping.pod, stopInOrder(standing, stopping), before)];
  const stops = standing.filter(({ state }) => state === 'running').map(container => stopOf(container, stopping));
  if (stops.every(({ preStop }) => preStop === undefined)) return [];
  return stops.map(action => builder.add(stopping.pod, action, before));
}
