import { EngineError, type Signalled } from '../engine/engine.ts';
import type { DesiredResources } from '../model/desired.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { number, record } from './json.ts';
import { resources } from './limits.ts';
import { path } from './query.ts';
import { type EngineVersion, isBefore } from './version.ts';

/** Kept from 5.1 on; before 5.4, limits that a call does not name were lost (podman issue 24610). */
export function keepsLimits(version: EngineVersion): boolean {
  return !isBefore(version, 5, 4);
}

/** Limits as inspect shows them. */
type Limits = Readonly<
  Record<'Memory' | 'MemorySwap' | 'MemoryReservation' | 'CpuQuota' | 'CpuPeriod' | 'CpuShares', number>
>;

/**
 * Gives a container other limits: its cgroup at once, and its configuration for each later start. The engine notes them
 * before the runtime tries them, so what the runtime refuses is taken back, or the container would never start again.
 *
 * @throws EngineError `REFUSED` where the runtime or the kernel does not take them, or the engine has not kept them
 */
export async function updateContainer(
  context: Context,
  { pod, name, id, resources: wanted }: ActionOf<'updateContainer'>,
  { signal }: Signalled,
): Promise<void> {
  const what = `Cannot set the limits of container "${name}" of ${pod}`;
  const before = await limitsOf(context, id, what, signal);
  const update = async (limits: object): Promise<unknown> => {
    // 5.4 checks the health check's times with every update, and refuses those of one that is switched off.
    const body = { ...limits, no_healthcheck: true };
    const call = { method: 'POST', path: path`/containers/${id}/update`, body, accept: [500], what, signal } as const;
    const reply = await context.http.call(call);
    return reply.status === 500 ? record(reply.body).message : undefined;
  };
  const refused = await update(resources(wanted) ?? {});
  if (refused !== undefined) {
    await update(bodyOf(before));
    throw refusal(what, `the runtime refuses them: ${String(refused).replace(/^`.*` failed: /, '')}`);
  }
  if (!hasAll(await limitsOf(context, id, what, signal), wanted)) throw refusal(what, 'the engine has not kept them');
}

function refusal(what: string, why: string): EngineError {
  return new EngineError('REFUSED', `${what}: ${why}`, {
    hint: 'Give it more memory than it uses now, or run "podstead apply --refresh" to make its pod anew',
    transient: true,
  });
}

async function limitsOf(context: Context, id: string, what: string, signal: AbortSignal): Promise<Limits> {
  const { body } = await context.http.call({ method: 'GET', path: path`/containers/${id}/json`, what, signal });
  const host = record(record(body).HostConfig);
  const of = (name: keyof Limits): number => number(host[name]);
  return {
    Memory: of('Memory'),
    MemorySwap: of('MemorySwap'),
    MemoryReservation: of('MemoryReservation'),
    CpuQuota: of('CpuQuota'),
    CpuPeriod: of('CpuPeriod'),
    CpuShares: of('CpuShares'),
  };
}

/** Zero is none: -1 takes a limit away, and 1024 shares are what the kernel gives. */
function bodyOf(limits: Limits): object {
  return {
    memory: { limit: limits.Memory || -1, swap: limits.MemorySwap || -1, reservation: limits.MemoryReservation || -1 },
    cpu: { quota: limits.CpuQuota || -1, period: limits.CpuPeriod || undefined, shares: limits.CpuShares || 1024 },
  };
}

function hasAll(limits: Limits, wanted: DesiredResources): boolean {
  const { memory, cpu } = record(resources(wanted));
  const asked = { ...record(memory), ...record(cpu) };
  const kept = {
    limit: limits.Memory,
    swap: limits.MemorySwap,
    reservation: limits.MemoryReservation,
    quota: limits.CpuQuota,
    period: limits.CpuPeriod,
    shares: limits.CpuShares,
  };
  return Object.entries(kept).every(([name, value]) => asked[name] === undefined || asked[name] === value);
}
