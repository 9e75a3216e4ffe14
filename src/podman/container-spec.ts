import { constants } from 'node:os';
import type { DesiredContainer, DesiredPod, DesiredSecurity } from '../model/desired.ts';
import { labels } from '../model/labels.ts';
import { memoryDirectory } from '../model/names.ts';
import { nonEmpty, resources } from './limits.ts';
import type { ResolvedMounts } from './mounts.ts';
import { isInMemory, names, userLabels } from './pod-spec.ts';
import type { Resolver } from './resolver.ts';
import { type Blanks, fillIn } from './runtime-text.ts';

/** What has been found out before a container can be asked for. */
export interface Resolved {
  readonly uid: string;
  readonly owner: string;
  readonly podId: string;
  /** Id of the image, so that no name is resolved a second time. */
  readonly imageId: string;
  readonly mounts: ResolvedMounts;
  /** Volumes that the engine would remove with it are claims. */
  readonly keepsVolumes?: boolean;
  /** For texts that have blanks. */
  readonly blanks: Blanks | undefined;
  /** Of a pod on the host's network. */
  readonly resolver?: Resolver;
}

type Body = Readonly<Record<string, unknown>>;

/** The body of `containers/create` (SpecGenerator of libpod's specgen). Holds secrets in the clear: never log it. */
export function containerSpec(pod: DesiredPod, container: DesiredContainer, found: Resolved): Body {
  return {
    name: container.engineName,
    pod: found.podId,
    image: found.imageId,
    raw_image_name: container.image,
    labels: { ...userLabels(pod), ...containerLabels(pod, container, found) },
    annotations: pod.sandbox.annotations,
    ...process(container, found.blanks),
    env: Object.fromEntries(container.env.map(({ name, value }) => [name, fillIn(value, found.blanks)])),
    ...namespaces(pod),
    ...hostNames(pod, found.resolver),
    ...security(container.security),
    ...optional('resource_limits', limitsOf(container)),
    ...tuning(container),
    ...found.mounts,
    // What the sandbox has mounted is mounted in all containers of its pod (4.3 and 5).
    ...(pod.volumes.some(isInMemory) ? { mask: [memoryDirectory] } : {}),
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

function containerLabels(pod: DesiredPod, container: DesiredContainer, { uid, owner, keepsVolumes }: Resolved): Body {
  return {
    [labels.owner]: owner,
    [labels.key]: pod.key,
    [labels.uid]: uid,
    [labels.digest]: container.digest,
    [labels.container]: container.name,
    ...(keepsVolumes ? { [labels.keeps]: 'volumes' } : {}),
  };
}

/** As in Kubernetes: a command replaces ENTRYPOINT and CMD, arguments alone only CMD. */
function process({ command, args, workingDir, tty, stdin }: DesiredContainer, blanks: Blanks | undefined): Body {
  const filled = (words: DesiredContainer['args']): readonly string[] | undefined =>
    words?.map(word => fillIn(word, blanks));
  return {
    ...optional('entrypoint', filled(command)),
    ...optional('command', filled(args)),
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

/**
 * On the host's network the engine passes over what the pod says of names (4.3 and 5), unless a container is on that
 * network by itself.
 */
function hostNames({ sandbox }: DesiredPod, resolver: Resolver | undefined): Body {
  if (!sandbox.hostNetwork || resolver === undefined) return {};
  const found = names(sandbox, resolver);
  return Object.keys(found).length > 0 ? { netns: { nsmode: 'host' }, ...found } : {};
}

function security(security: DesiredSecurity): Body {
  return {
    ...optional('user', security.user),
    ...some('groups', security.groups),
    privileged: security.privileged,
    read_only_filesystem: security.readOnlyRootFilesystem,
    no_new_privileges: security.noNewPrivileges,
    // Of the defaults; what `mask` names stays covered.
    ...(security.unmaskedProc ? { unmask: ['ALL'] } : {}),
    ...some('cap_add', security.addCapabilities),
    ...some('cap_drop', security.dropCapabilities),
    ...optional('seccomp_profile_path', security.seccompProfile),
    ...optional('apparmor_profile', security.appArmorProfile),
    ...some('selinux_opts', security.selinuxOptions),
  };
}

function tuning({ tuning, stopSignal }: DesiredContainer): Body {
  return {
    ...some(
      'r_limits',
      (tuning?.ulimits ?? []).map(({ name, soft, hard }) => ({
        type: name,
        soft: unlimited(soft),
        hard: unlimited(hard),
      })),
    ),
    ...(tuning?.init ? { init: true } : {}),
    ...optional('stop_signal', stopSignal === undefined ? undefined : signalNumber(stopSignal)),
  };
}

/** JSON cannot carry 2^64 - 1 through a double, so the greatest that the kernel takes for a number stands for it. */
function unlimited(limit: number): number {
  return limit < 0 ? Number.MAX_SAFE_INTEGER : limit;
}

/** Signals of Linux by name; real-time ones count from SIGRTMIN and SIGRTMAX (signal(7)). */
function signalNumber(name: string): number | undefined {
  const [, from, sign, offset = '0'] = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name) ?? [];
  if (from !== undefined) return (from === 'MIN' ? 34 : 64) + (sign === '-' ? -1 : 1) * Number(offset);
  return (constants.signals as Readonly<Record<string, number>>)[name];
}

function limitsOf({ resources: wanted, tuning }: DesiredContainer): Body | undefined {
  const limits = resources(wanted);
  if (tuning === undefined) return limits;
  const { pidsLimit, cpus, memoryNodes } = tuning;
  const cpu = {
    ...((limits?.cpu as Body | undefined) ?? {}),
    ...optional('cpus', cpus),
    ...optional('mems', memoryNodes),
  };
  return { ...limits, ...nonEmpty('cpu', cpu), ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }) };
}

function optional(name: string, value: unknown): Body {
  return value === undefined ? {} : { [name]: value };
}

function some(name: string, items: readonly unknown[]): Body {
  return items.length > 0 ? { [name]: items } : {};
}
