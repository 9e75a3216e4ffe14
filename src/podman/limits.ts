import type { DesiredResources } from '../model/desired.ts';

type Body = Readonly<Record<string, unknown>>;

const cpuPeriodMicros = 100_000;
/** Below 1 ms of quota the kernel refuses. */
const minCpuQuotaMicros = 1_000;
/** Kubernetes' MilliCPUToShares: 1024 shares a CPU, never fewer than 2. */
const sharesPerCpu = 1024;
const minShares = 2;

/** Limits as the OCI runtime takes them; undefined where there are none. */
export function resources(wanted: DesiredResources): Body | undefined {
  const { cpuLimitMilli, cpuRequestMilli, memoryLimitBytes, memoryRequestBytes } = wanted;
  const cpu = {
    ...(cpuLimitMilli === undefined ? {} : cpuQuota(cpuLimitMilli)),
    ...(cpuRequestMilli === undefined
      ? {}
      : { shares: Math.max(Math.round((cpuRequestMilli * sharesPerCpu) / 1000), minShares) }),
  };
  const memory = {
    // Without `swap`, Podman allows as much swap again as memory; Kubernetes allows none.
    ...(memoryLimitBytes === undefined ? {} : { limit: memoryLimitBytes, swap: memoryLimitBytes }),
    ...(memoryRequestBytes === undefined ? {} : { reservation: memoryRequestBytes }),
  };
  const all = { ...nonEmpty('cpu', cpu), ...nonEmpty('memory', memory) };
  return Object.keys(all).length > 0 ? all : undefined;
}

function cpuQuota(milli: number): Body {
  return { quota: Math.max((milli * cpuPeriodMicros) / 1000, minCpuQuotaMicros), period: cpuPeriodMicros };
}

/** A body under a name; nothing where it is empty. */
export function nonEmpty(name: string, body: Body): Body {
  return Object.keys(body).length > 0 ? { [name]: body } : {};
}
