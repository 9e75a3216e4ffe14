import type { ActualContainer } from '../model/actual.ts';
import { appliedInits, appliedProbes, appliedRole } from '../model/applied.ts';
import type { Json } from '../model/desired.ts';
import type { PodRecord } from '../model/record.ts';

/** The containers of a pod by what they are to it, as far as its record tells. */
export interface Roles {
  readonly main: readonly ActualContainer[];
  readonly sidecars: readonly ActualContainer[];
  /** Init containers that the main ones still wait for, in words: those that have not succeeded, sidecars that have not started. */
  readonly pending: readonly Pending[];
  /** The main containers have ended, and do not start again: sidecars end with them. */
  readonly isOver: boolean;
}

export interface Pending {
  readonly container: ActualContainer;
  readonly isSidecar: boolean;
  readonly why: string;
}

/** Tells the containers of a pod apart. */
export function rolesOf(containers: readonly ActualContainer[], record: PodRecord | undefined): Roles {
  const of = (role: ReturnType<typeof appliedRole>): readonly ActualContainer[] =>
    containers.filter(({ name }) => appliedRole(record?.applied, name) === role);
  const [main, inits, sidecars] = [of('main'), of('init'), of('sidecar')];
  const policy = policyOf(record);
  const isOver = main.length > 0 && main.every(container => isFinal(container, policy));
  const hasBegun = isOver || main.some(({ state }) => state === 'running' || state === 'paused');
  const order = appliedInits(record?.applied);
  const pending = [
    ...inits.filter(container => !succeeded(container)).map(pendingInit),
    ...sidecars.filter(container => !hasBegun && !hasStarted(container, record)).map(pendingSidecar),
  ].toSorted((a, b) => order.indexOf(a.container.name) - order.indexOf(b.container.name));
  return { main, sidecars, pending, isOver };
}

/** The pod's restart policy when it was last applied. */
export function policyOf(record: PodRecord | undefined): Json | undefined {
  const inPlace = record?.applied?.inPlace;
  if (typeof inPlace !== 'object' || inPlace === null || Array.isArray(inPlace)) return undefined;
  return (inPlace as { readonly [key: string]: Json }).restartPolicy;
}

/** Whether a container ended well. */
export function succeeded({ state, exitCode }: ActualContainer): boolean {
  return state === 'exited' && exitCode === 0;
}

function isFinal(container: ActualContainer, policy: Json | undefined): boolean {
  if (policy === 'Never') return container.state === 'exited';
  return policy === 'OnFailure' && succeeded(container);
}

function hasStarted({ name, state, health }: ActualContainer, record: PodRecord | undefined): boolean {
  if (state !== 'running') return false;
  return appliedProbes(record?.applied, name).startup === undefined || health?.started === true;
}

function pendingInit(container: ActualContainer): Pending {
  return { container, isSidecar: false, why: `init container "${container.name}" has not finished` };
}

function pendingSidecar(container: ActualContainer): Pending {
  return { container, isSidecar: true, why: `sidecar "${container.name}" has not started` };
}
