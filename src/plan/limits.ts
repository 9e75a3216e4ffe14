import type { ActualContainer } from '../model/actual.ts';
import type { DesiredContainer, DesiredResources } from '../model/desired.ts';
import type { ContainerRecord } from '../model/record.ts';
import { sameJson } from './fields.ts';

/** Whether a container is to have other limits or requests than it got; what nobody knows is not other. */
export function differsInLimits(
  { resources }: DesiredContainer,
  { inspected }: ActualContainer,
  known: ContainerRecord | undefined,
): boolean {
  if (known !== undefined)
    return known.resources !== undefined && !sameJson({ ...known.resources } as never, { ...resources } as never);
  if (inspected === undefined) return false;
  const { cpuLimitMilli, memoryLimitBytes } = resources;
  return inspected.cpuLimitMilli !== cpuLimitMilli || inspected.memoryLimitBytes !== memoryLimitBytes;
}

/**
 * Whether other limits can be given to a container as it stands. Not where one is taken away, which Kubernetes allows
 * in no pod that runs, and not for what the container wants a restart.
 */
export function fitsInPlace(
  { resources, restartsFor = [] }: DesiredContainer,
  known: ContainerRecord | undefined,
): boolean {
  const before = known?.resources;
  if (before === undefined) return false;
  const names = Object.keys(resources) as (keyof DesiredResources)[];
  const changed = names.filter(name => before[name] !== resources[name]);
  return changed.every(
    name => resources[name] !== undefined && !restartsFor.some(resource => name.startsWith(resource)),
  );
}
