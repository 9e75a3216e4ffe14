import type { DesiredContainer, DesiredPod, DesiredSecurity } from '../model/desired.ts';
import { keyParts } from '../model/key.ts';
import type { DesiredProbe } from '../model/probe.ts';
import type { DesiredResources } from '../model/sandbox.ts';
import { isSealed, type Sealed } from '../model/sealed.ts';
import { isRuntimeText, type RuntimeText } from '../model/text.ts';
import type { QuadletSection } from './quadlet-keys.ts';
import type { QuadletNotes } from './quadlet-notes.ts';

type Text = string | Sealed | RuntimeText;
type Section = QuadletSection;

/** What a container of a pod is made with, beside its mounts, as keys of [Container]. */
export function containerKeys(
  pod: DesiredPod,
  container: DesiredContainer,
  section: Section,
  notes: QuadletNotes,
): void {
  const at = `/containers/${container.name}`;
  section.set('ContainerName', container.engineName);
  section.set('Image', container.image);
  section.set('Pull', pulls[container.pullPolicy]);
  command(pod, container, section, notes);
  if (container.workingDir !== undefined) section.set('WorkingDir', container.workingDir);
  environment(pod, container, section, notes);
  security(container.security, at, section, notes);
  for (const option of limitOptions(container.resources)) section.option(option);
  if (container.resources.memoryLimitBytes !== undefined)
    section.set('Memory', String(container.resources.memoryLimitBytes));
  tuning(container, section);
  if (pod.sandbox.hostPid) section.option('--pid=host');
  if (pod.sandbox.hostIpc) section.option('--ipc=host');
  if (container.tty) section.option('--tty');
  if (container.stdin) section.option('--interactive');
  if (container.stopSignal !== undefined) section.set('StopSignal', container.stopSignal);
  section.set('StopTimeout', String(pod.gracePeriodSeconds));
  const { labels, annotations } = pod.sandbox;
  for (const [name, value] of Object.entries(labels)) section.set('Label', `${name}=${value}`);
  for (const [name, value] of Object.entries(annotations)) section.set('Annotation', `${name}=${value}`);
  probes(container, section, notes);
  if (container.messagePath !== undefined)
    notes.add(`${at}/messagePath`, `the message that container '${container.name}' leaves is not kept`);
}

const pulls = { Always: 'always', IfNotPresent: 'missing', Never: 'never' } as const;

/** As in Kubernetes: a command replaces ENTRYPOINT and CMD, arguments alone only CMD. */
function command(pod: DesiredPod, container: DesiredContainer, section: Section, notes: QuadletNotes): void {
  const at = `/containers/${container.name}`;
  const filled = (words: DesiredContainer['args'], field: string): readonly string[] | undefined =>
    words?.map(word => {
      const text = textOf(pod, word);
      if (text !== undefined) return text;
      notes.refuse(`${at}/${field}`, `the ${field} of container '${container.name}' needs what ${unknown(word)}`);
      return '';
    });
  const entrypoint = filled(container.command, 'command');
  const args = filled(container.args, 'args');
  // An empty one is as good as none.
  const program = entrypoint ?? [];
  // Quadlet takes an empty word for the end of Exec=, and drops the rest without a word (5.4, extractFirstWord).
  if (!args?.includes('')) {
    if (program.length > 0) section.set('Entrypoint', JSON.stringify(program));
    section.set('Exec', ...(args ?? []));
  } else if (program.length > 0) section.set('Entrypoint', JSON.stringify([...program, ...args]));
  else notes.refuse(`${at}/args`, `an argument of container '${container.name}' is empty, which Quadlet cannot say`);
}

function environment(pod: DesiredPod, container: DesiredContainer, section: Section, notes: QuadletNotes): void {
  for (const { name, value } of container.env) {
    const at = `/containers/${container.name}/env/${name}`;
    const text = textOf(pod, value);
    if (text !== undefined) section.set('Environment', `${name}=${text}`);
    else if (isSealed(value)) {
      const secret = secretName(container.engineName, name);
      section.set('Secret', `${secret},type=env,target=${name}`);
      notes.add(at, `variable ${name} is Podman's secret "${secret}": make it with \`podman secret create\``);
    } else notes.refuse(at, `variable ${name} of container '${container.name}' needs what ${unknown(value)}`);
  }
}

/** Names of Podman's secrets take letters, digits, `-`, `_` and `.`. */
export function secretName(...parts: readonly string[]): string {
  return parts.join('.').replaceAll(/[^A-Za-z0-9_.-]/g, '_');
}

/** Text without blanks but the pod's name; undefined where only the host, or nobody, may tell. */
function textOf(pod: DesiredPod, text: Text): string | undefined {
  if (isSealed(text)) return undefined;
  if (!isRuntimeText(text)) return text;
  const parts = text.parts.map(part => {
    if (typeof part === 'string') return part;
    return 'field' in part && part.field === 'metadata.name' ? keyParts(pod.key).name : undefined;
  });
  return parts.includes(undefined) ? undefined : parts.join('');
}

function unknown(text: Text): string {
  const hasSecret = isSealed(text) || (isRuntimeText(text) && text.parts.some(isSealed));
  return hasSecret ? 'only a Secret tells, which a unit must not hold' : 'only a running pod can tell';
}

function security(own: DesiredSecurity, at: string, section: Section, notes: QuadletNotes): void {
  if (own.user !== undefined) section.set('User', own.user);
  for (const group of own.groups) section.set('GroupAdd', group);
  if (own.runAsNonRoot)
    notes.refuse(`${at}/security`, 'runAsNonRoot: nobody would check that the container is not run as root');
  if (own.privileged) section.option('--privileged');
  if (own.readOnlyRootFilesystem) {
    section.set('ReadOnly', 'true');
    section.set('ReadOnlyTmpfs', 'false');
  }
  if (own.noNewPrivileges) section.set('NoNewPrivileges', 'true');
  if (own.unmaskedProc) section.set('Unmask', 'ALL');
  for (const name of own.dropCapabilities) section.set('DropCapability', name);
  for (const name of own.addCapabilities) section.set('AddCapability', name);
  if (own.seccompProfile !== undefined) section.set('SeccompProfile', own.seccompProfile);
  if (own.appArmorProfile !== undefined) section.option(`--security-opt=apparmor=${own.appArmorProfile}`);
  for (const label of own.selinuxOptions) section.option(`--security-opt=label=${label}`);
}

/** Requests, and limits of CPU, for a container or a pod: Quadlet has no keys for them. */
export function limitOptions(wanted: DesiredResources): readonly string[] {
  const { cpuLimitMilli, cpuRequestMilli, memoryLimitBytes, memoryRequestBytes } = wanted;
  return [
    ...(cpuLimitMilli === undefined ? [] : [`--cpus=${cpuLimitMilli / 1000}`]),
    // Kubernetes' MilliCPUToShares: 1024 shares a CPU, never fewer than 2.
    ...(cpuRequestMilli === undefined
      ? []
      : [`--cpu-shares=${Math.max(Math.round((cpuRequestMilli * 1024) / 1000), 2)}`]),
    // Podman would allow as much swap again; Kubernetes allows none.
    ...(memoryLimitBytes === undefined ? [] : [`--memory-swap=${memoryLimitBytes}`]),
    ...(memoryRequestBytes === undefined ? [] : [`--memory-reservation=${memoryRequestBytes}`]),
  ];
}

function tuning({ tuning: own }: DesiredContainer, section: Section): void {
  for (const { name, soft, hard } of own?.ulimits ?? []) section.set('Ulimit', `${name}=${soft}:${hard}`);
  if (own?.pidsLimit !== undefined) section.set('PidsLimit', String(own.pidsLimit));
  if (own?.cpus !== undefined) section.option(`--cpuset-cpus=${own.cpus}`);
  if (own?.memoryNodes !== undefined) section.option(`--cpuset-mems=${own.memoryNodes}`);
  if (own?.init) section.set('RunInit', 'true');
}

/** Podman runs commands as health checks; what asks over the network needs a program in the image, and is not written. */
function probes({ name, probes = {} }: DesiredContainer, section: Section, notes: QuadletNotes): void {
  const { liveness, startup, readiness } = probes;
  const at = (kind: string): string => `/inPlace/probes/${name}/${kind}`;
  const check = commandOf(liveness);
  // Of the image, which Kubernetes ignores.
  section.set('HealthCmd', check ?? 'none');
  if (liveness !== undefined && check !== undefined) {
    section.set('HealthInterval', `${liveness.periodSeconds}s`);
    section.set('HealthTimeout', `${liveness.timeoutSeconds}s`);
    section.set('HealthRetries', String(liveness.failureThreshold));
    section.set('HealthStartPeriod', `${liveness.initialDelaySeconds}s`);
    // Then systemd starts it again.
    section.set('HealthOnFailure', 'kill');
  } else if (liveness !== undefined) notes.add(at('liveness'), unsaid('liveness', name, liveness));
  const startCheck = check === undefined ? undefined : commandOf(startup);
  if (startup !== undefined && startCheck !== undefined) {
    section.set('HealthStartupCmd', startCheck);
    section.set('HealthStartupInterval', `${startup.periodSeconds}s`);
    section.set('HealthStartupTimeout', `${startup.timeoutSeconds}s`);
    section.set('HealthStartupRetries', String(startup.failureThreshold));
  } else if (startup !== undefined) notes.add(at('startup'), unsaid('startup', name, startup));
  if (readiness !== undefined) notes.add(at('readiness'), unsaid('readiness', name, readiness));
}

function commandOf(probe: DesiredProbe | undefined): string | undefined {
  return probe?.handler.type === 'exec' ? JSON.stringify(probe.handler.command) : undefined;
}

function unsaid(kind: string, container: string, { handler }: DesiredProbe): string {
  const why = {
    readiness: 'Podman knows no readiness',
    startup: 'Podman runs it only as a command, beside a liveness probe that is one',
    liveness: `Podman has no probe by ${handler.type}, only by a command in the container`,
  }[kind];
  return `nobody runs the ${kind} probe of container '${container}': ${why}`;
}
