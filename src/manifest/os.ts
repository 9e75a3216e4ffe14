import type { V1PodSpec } from '@kubernetes/client-node';
import { conflict } from './finding.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

const linuxOfPod = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'];
const linuxOfContext = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
];
/** All that Windows knows. */
const windowsSignals = ['SIGTERM', 'SIGKILL'];

/** Checks that a pod which names its system uses nothing of another one. */
export function checkSystem(spec: V1PodSpec, at: string, report: Report): void {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  checkHostProcess(spec, containers, at, report);
  const system = spec.os?.name;
  if (system !== 'linux' && system !== 'windows') return;
  const first = spec.initContainers?.length ?? 0;
  const place = (i: number): string =>
    i < first ? pointer(at, 'initContainers', i) : pointer(at, 'containers', i - first);
  const foreign = system === 'linux' ? ['windowsOptions'] : linuxOfContext;
  forbid(spec.securityContext, foreign, system, `${at}/securityContext`, report);
  for (const [i, { lifecycle, securityContext }] of containers.entries()) {
    forbid(securityContext, foreign, system, `${place(i)}/securityContext`, report);
    const signal = lifecycle?.stopSignal;
    if (system === 'linux' || signal === undefined || windowsSignals.includes(signal)) continue;
    const found = 'Windows has no such signal';
    conflict(`${place(i)}/lifecycle/stopSignal`, found, 'Use "SIGTERM" or "SIGKILL"', report);
  }
  if (system === 'windows') forbid(spec, linuxOfPod, system, at, report);
}

function forbid(
  owner: object | undefined,
  fields: readonly string[],
  system: string,
  at: string,
  report: Report,
): void {
  for (const [field, value] of Object.entries(owner ?? {})) {
    // Booleans of the pod are off where they are false; those of a context are set.
    if (!fields.includes(field) || (value === false && (field === 'hostPID' || field === 'hostIPC'))) continue;
    conflict(`${at}/${field}`, `a pod with "os: ${system}" cannot have it`, 'Remove it, or the "os"', report);
  }
}

/** Containers of Windows that are processes of the host: all or none, and on the host's network. */
function checkHostProcess(
  spec: V1PodSpec,
  containers: readonly { readonly securityContext?: V1PodSpec['securityContext'] }[],
  at: string,
  report: Report,
): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const values = containers.map(each => each.securityContext?.windowsOptions?.hostProcess ?? ofPod ?? false);
  if (!values.includes(true)) return;
  if (values.includes(false) || !spec.hostNetwork) {
    const found = '"hostProcess" needs "hostNetwork: true", and the same in all containers';
    conflict(`${at}/containers`, found, 'Set it for the whole pod, with "hostNetwork: true"', report);
  }
}
