import type {
  V1AppArmorProfile,
  V1PodSecurityContext,
  V1SELinuxOptions,
  V1SeccompProfile,
  V1SecurityContext,
} from '@kubernetes/client-node';
import type { DesiredSecurity } from '../model/desired.ts';
import type { AnnotatedSecurity } from './tuning.ts';

/** Where the kubelet keeps profiles named by `localhostProfile` (Kubernetes, seccomp tutorial). */
const seccompRoot = '/var/lib/kubelet/seccomp';

/** Merges the pod's security context into the container's: what the container says wins (Kubernetes API, SecurityContext). */
export function mergeSecurity(
  container: V1SecurityContext | undefined,
  pod: V1PodSecurityContext | undefined,
  annotated: AnnotatedSecurity,
): DesiredSecurity {
  const runAsUser = container?.runAsUser ?? pod?.runAsUser;
  const runAsGroup = container?.runAsGroup ?? pod?.runAsGroup;
  const privileged = container?.privileged ?? false;
  const selinux = selinuxOf(container?.seLinuxOptions ?? pod?.seLinuxOptions);
  return {
    user: userOf(runAsUser, runAsGroup),
    groups: [...new Set([...(pod?.supplementalGroups ?? []), ...groupOf(pod)])].map(String),
    runAsNonRoot: container?.runAsNonRoot ?? pod?.runAsNonRoot ?? false,
    privileged,
    readOnlyRootFilesystem: container?.readOnlyRootFilesystem ?? false,
    ...(container?.procMount === 'Unmasked' ? { unmaskedProc: true } : {}),
    noNewPrivileges: container?.allowPrivilegeEscalation === false,
    addCapabilities: container?.capabilities?.add ?? [],
    dropCapabilities: container?.capabilities?.drop ?? [],
    seccompProfile: seccompOf(container?.seccompProfile ?? pod?.seccompProfile) ?? annotated.seccompProfile,
    appArmorProfile: appArmorOf(container?.appArmorProfile ?? pod?.appArmorProfile) ?? annotated.appArmorProfile,
    selinuxOptions: selinux.length > 0 ? selinux : annotated.selinuxOptions,
  };
}

/** Every process is in the group that the pod's volumes are given to (Kubernetes API, PodSecurityContext.fsGroup). */
function groupOf(pod: V1PodSecurityContext | undefined): readonly number[] {
  return pod?.fsGroup === undefined ? [] : [pod.fsGroup];
}

/** Says of which container the image would choose the groups, though it is not to. */
export function groupsLeftOpen(
  container: V1SecurityContext | undefined,
  pod: V1PodSecurityContext | undefined,
): boolean {
  if (pod?.supplementalGroupsPolicy !== 'Strict') return false;
  // Given both, the engine adds no group of the image's /etc/group (opencontainers/runc, libcontainer/user).
  return (
    (container?.runAsUser ?? pod.runAsUser) === undefined || (container?.runAsGroup ?? pod.runAsGroup) === undefined
  );
}

/** A group without a user means root's user in that group, as Podman needs a user before the colon. */
function userOf(user: number | undefined, group: number | undefined): string | undefined {
  if (group === undefined) return user === undefined ? undefined : String(user);
  return `${user ?? 0}:${group}`;
}

function seccompOf(profile: V1SeccompProfile | undefined): string | undefined {
  if (profile?.type === 'Unconfined') return 'unconfined';
  if (profile?.type === 'Localhost') return `${seccompRoot}/${profile.localhostProfile ?? ''}`;
  return undefined;
}

function appArmorOf(profile: V1AppArmorProfile | undefined): string | undefined {
  if (profile?.type === 'Unconfined') return 'unconfined';
  return profile?.type === 'Localhost' ? profile.localhostProfile : undefined;
}

function selinuxOf(options: V1SELinuxOptions | undefined): readonly string[] {
  const { user, role, type, level } = options ?? {};
  return Object.entries({ user, role, type, level }).flatMap(([name, value]) => (value ? [`${name}:${value}`] : []));
}
