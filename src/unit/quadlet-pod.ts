import type { DesiredPod } from '../model/desired.ts';
import type { DesiredPort, DesiredSandbox } from '../model/sandbox.ts';
import { limitOptions } from './quadlet-container.ts';
import type { QuadletSection } from './quadlet-keys.ts';
import type { QuadletNotes } from './quadlet-notes.ts';

type Section = QuadletSection;

/**
 * What a pod's sandbox is made with, as keys of [Pod].
 *
 * @param networkUnit the file of the network of its namespace
 */
export function podKeys(pod: DesiredPod, networkUnit: string, section: Section, notes: QuadletNotes): void {
  const { sandbox, engineName } = pod;
  section.set('PodName', engineName);
  // Else the pod ends with its last container, which systemd is about to start again.
  section.set('ExitPolicy', 'continue');
  network(sandbox, networkUnit, section, notes);
  if (sandbox.shareProcessNamespace) section.option('--share=ipc,net,uts,pid');
  if (sandbox.ownUsers) section.set('UserNS', 'auto');
  for (const { name, value } of sandbox.sysctls) section.option(`--sysctl=${name}=${value}`);
  for (const option of limitOptions(sandbox.resources ?? noLimits)) section.option(option);
  const memory = sandbox.resources?.memoryLimitBytes;
  if (memory !== undefined) section.option(`--memory=${memory}`);
  for (const [name, value] of Object.entries(sandbox.labels)) section.set('Label', `${name}=${value}`);
  remark(pod, notes);
}

const noLimits = {
  cpuLimitMilli: undefined,
  cpuRequestMilli: undefined,
  memoryLimitBytes: undefined,
  memoryRequestBytes: undefined,
};

function network(sandbox: DesiredSandbox, networkUnit: string, section: Section, notes: QuadletNotes): void {
  const { dns, hostNetwork, hostname, hostAliases } = sandbox;
  if (hostNetwork) section.set('Network', 'host');
  else {
    section.set('Network', networkUnit);
    section.set('NetworkAlias', ...sandbox.aliases);
    section.set('PublishPort', ...sandbox.ports.map(published));
    if (hostname !== undefined) section.set('HostName', hostname);
  }
  section.set('AddHost', ...hostAliases.flatMap(({ ip, names }) => names.map(name => `${name}:${ip}`)));
  section.set('DNS', ...dns.servers);
  section.set('DNSSearch', ...dns.searches);
  section.set('DNSOption', ...dns.options);
  if (dns.policy === 'host' && !hostNetwork)
    notes.add('/sandbox/dnsPolicy', 'names are asked of its network first, not of the host alone');
}

/** Podman wants brackets around an address with colons. */
function published({ hostIp, hostPort, containerPort, protocol }: DesiredPort): string {
  const ip = hostIp === undefined ? '' : `${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:`;
  return `${ip}${hostPort}:${containerPort}/${protocol}`;
}

/** What of a pod nobody does where it has no agent. */
function remark({ sandbox, fsGroup, activeDeadlineSeconds, restartPolicy }: DesiredPod, notes: QuadletNotes): void {
  if (sandbox.infraName !== undefined)
    notes.add('/sandbox/infraName', 'Quadlet names the infra container itself: POD-infra');
  if (sandbox.fqdn !== undefined)
    notes.add('/sandbox/subdomain', `the pod is not found as ${sandbox.fqdn}: nobody writes that name`);
  if (fsGroup !== undefined)
    notes.refuse('/sandbox/fsGroup', `fsGroup ${fsGroup.gid}: nobody would give the volumes to that group`);
  if (activeDeadlineSeconds !== undefined)
    notes.add('/inPlace/activeDeadlineSeconds', 'activeDeadlineSeconds: nobody stops the pod after that time');
  if (restartPolicy !== 'Always')
    notes.add(
      '/inPlace/restartPolicy',
      `restartPolicy ${restartPolicy}: the pod is made anew, and runs, at every boot`,
    );
}
