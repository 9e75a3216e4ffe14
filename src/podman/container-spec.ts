import type { DesiredContainer, DesiredPod, DesiredResources, DesiredSecurity } from '../model/desired.ts';
import { labels } from '../model/labels.ts';
import { isSealed } from '../model/sealed.ts';
import type { ResolvedMounts } from './mounts.ts';
import { userLabels } from './pod-spec.ts';

/** What has been found out before a container can be asked for. */
export interface Resolved {
  readonly uid: string;
  readonly owner: string;
  /** Id of the image, so that no name is resolved a second time. */
  readonly imageId: string;
  readonly mounts: ResolvedMounts;
}

type Body = Readonly<Record<string, unknown>>;

/** The body of `containers/create` (SpecGenerator of libpod's specgen). Holds secrets in the clear: never log it. */
export function containerSpec(pod: DesiredPod, container: DesiredContainer, found: Resolved): Body {
  return {
    name: container.engineName,
    pod: pod.engineName,
    image: found.imageId,
    raw_image_name: container.image,
    labels: { ...userLabels(pod), ...containerLabels(pod, container, found) },
    annotations: pod.sandbox.annotations,
    ...process(container),
    env: Object.fromEntries(container.env.map(({ name, value }) => [name, isSealed(value) ? value.reveal() : value])),
    ...namespaces(pod),
    ...security(container.security),
    ...optional('resource_limits', resources(container.resources)),
    ...found.mounts,
    ...fixed,
    stop_timeout: pod.gracePeriodSeconds,
  };
}

/**
 * The same for every container: nothing of restarts, health checks and readiness is left to Podman, and nothing is
 * taken over from the image behind our back (its HEALTHCHECK, an /sbin/init as command).
 *
 * The log driver stays the engine's: what it is, openEngine and the host decide.
 */
const fixed: Body = {
  restart_policy: 'no',
  healthconfig: { Test: ['NONE'] },
  sdnotifyMode: 'ignore',
  systemd: 'false',
  image_volume_mode: 'anonymous',
};

function containerLabels(pod: DesiredPod, container: DesiredContainer, { uid, owner }: Resolved): Body {
  return {
    [labels.owner]: owner,
    [labels.key]: pod.key,
    [labels.uid]: uid,
    [labels.digest]: container.digest,
    [labels.container]: container.name,
  };
}

/** As in Kubernetes: a command replaces ENTRYPOINT and CMD, arguments alone only CMD. */
function process({ command, args, workingDir, tty, stdin }: DesiredContainer): Body {
  return {
    ...optional('entrypoint', command),
    ...optional('command', args),
    // As in Kubernetes, a missing one is made.
    ...(workingDir === undefined ? {} : { work_dir: workingDir, create_working_dir: true }),
    terminal: tty,
    stdin,
  };
}

function namespaces({ sandbox }: DesiredPod): Body {
  return {
    ...(sandbox.hostPid ? { pidns: { nsmode: 'host' } } : {}),
    ...(sandbox.hostIpc ? { ipcns: { nsmode: 'host' } } : {}),
  };
}

function security(security: DesiredSecurity): Body {
  return {
    ...optional('user', security.user),
    ...some('groups', security.groups),
    privileged: security.privileged,
    read_only_filesystem: security.readOnlyRootFilesystem,
    no_new_privileges: security.noNewPrivileges,
    ...some('cap_add', security.addCapabilities),
    ...some('cap_drop', security.dropCapabilities),
    ...optional('seccomp_profile_path', security.seccompProfile),
    ...some('selinux_opts', security.selinuxOptions),
  };
}

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

function nonEmpty(name: string, body: Body): Body {
  return Object.keys(body).length > 0 ? { [name]: body } : {};
}

function optional(name: string, value: unknown): Body {
  return value === undefined ? {} : { [name]: value };
}

function some(name: string, items: readonly unknown[]): Body {
  return items.length > 0 ? { [name]: items } : {};
}
