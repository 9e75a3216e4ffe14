import type { CanonicalPod, Json, RestartPolicy } from './desired.ts';
import type { Key } from './key.ts';
import type { DesiredHooks, DesiredProbes } from './probe.ts';

/** The probes that a container was last applied with; none where no record tells. */
export function appliedProbes(applied: CanonicalPod | undefined, container: string): DesiredProbes {
  return (appliedMember(applied, 'probes', container) ?? {}) as DesiredProbes;
}

/** The hooks that a container was last applied with; none where no record tells. */
export function appliedHooks(applied: CanonicalPod | undefined, container: string): DesiredHooks {
  return (appliedMember(applied, 'hooks', container) ?? {}) as DesiredHooks;
}

/** Whether the end of a failing run's log stands in for the message that it did not leave. */
export function appliedFallback(applied: CanonicalPod | undefined, container: string): boolean {
  return appliedMember(applied, 'messages', container) === 'FallbackToLogsOnError';
}

/** What a pod was to start after when it was last applied; nothing where no record tells. */
export function appliedAfter(applied: CanonicalPod | undefined): readonly Key[] {
  const after = own(applied?.inPlace, 'after');
  return Array.isArray(after) ? (after as readonly Key[]) : [];
}

/** The restart policy that a pod was last applied with; undefined where no record tells. */
export function appliedPolicy(applied: CanonicalPod | undefined): RestartPolicy | undefined {
  const policy = own(applied?.inPlace, 'restartPolicy');
  return typeof policy === 'string' ? (policy as RestartPolicy) : undefined;
}

/** What a container is to its pod. */
export type Role = 'main' | 'init' | 'sidecar';

/** What a container was to its pod when that was last applied; `main` where no record tells. */
export function appliedRole(applied: CanonicalPod | undefined, container: string): Role {
  const form = own(applied?.containers, container);
  if (own(form, 'init') !== true) return 'main';
  return own(form, 'restartPolicy') === 'Always' ? 'sidecar' : 'init';
}

/** Names of the init containers, sidecars among them, in the order of the manifest. */
export function appliedInits(applied: CanonicalPod | undefined): readonly string[] {
  const order = own(applied?.inPlace, 'initOrder');
  const names = Object.keys(applied?.containers ?? {}).filter(name => appliedRole(applied, name) !== 'main');
  if (!Array.isArray(order)) return names;
  return names.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
}

/** The canonical form holds them as they are, by container. */
function appliedMember(applied: CanonicalPod | undefined, member: string, container: string): Json | undefined {
  return own(own(applied?.inPlace, member), container);
}

/** A container may be called `constructor`. */
function own(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return undefined;
  return (value as { readonly [key: string]: Json })[name];
}
