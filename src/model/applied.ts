import type { CanonicalPod, Json } from './desired.ts';
import type { DesiredHooks, DesiredProbes } from './probe.ts';

/** The probes that a container was last applied with; none where no record tells. */
export function appliedProbes(applied: CanonicalPod | undefined, container: string): DesiredProbes {
  return (appliedMember(applied, 'probes', container) ?? {}) as DesiredProbes;
}

/** The hooks that a container was last applied with; none where no record tells. */
export function appliedHooks(applied: CanonicalPod | undefined, container: string): DesiredHooks {
  return (appliedMember(applied, 'hooks', container) ?? {}) as DesiredHooks;
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
