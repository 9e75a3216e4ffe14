import type { V1PodSpec } from '@kubernetes/client-node';
import { checkContainer } from './container.ts';
import { ipFault, labelFault, subdomainFault } from './formats.ts';
import { finding } from './metadata.ts';
import { pointer } from './place.ts';
import { checkHostPorts } from './port.ts';
import type { Report } from './report.ts';
import { checkSeccomp } from './security.ts';
import { checkUnique } from './unique.ts';
import { checkVolumes } from './volume.ts';

/** Checks a pod's spec (or a template's) that stands at `at`, beyond what the schema says. */
export function checkPod(spec: V1PodSpec, at: string, report: Report): void {
  checkVolumes(spec.volumes ?? [], pointer(at, 'volumes'), report);
  const volumes = new Set((spec.volumes ?? []).flatMap(volume => volume.name ?? []));
  const lists = [
    ['initContainers', spec.initContainers ?? []],
    ['containers', spec.containers ?? []],
  ] as const;
  const all = lists.flatMap(([field, list]) => list.map((container, i) => ({ container, at: pointer(at, field, i) })));
  checkUnique(
    all.map(each => ({ at: pointer(each.at, 'name'), value: each.container.name })),
    'the container name',
    report,
  );
  for (const each of all) checkContainer(each.container, each.at, volumes, report);
  checkHostPorts(spec, at, report);
  checkSeccomp(spec.securityContext?.seccompProfile, pointer(at, 'securityContext', 'seccompProfile'), report);
  checkSysctls(spec, at, report);
  checkNamespaces(spec, at, report);
  checkNames(spec, at, report);
}

function checkNamespaces(spec: V1PodSpec, at: string, report: Report): void {
  if (!spec.shareProcessNamespace || !spec.hostPID) return;
  report(pointer(at, 'shareProcessNamespace'), {
    code: 'FIELD_CONFLICT',
    found: 'it cannot be true together with "hostPID"',
    hint: 'Remove one of the two',
  });
}

function checkNames(spec: V1PodSpec, at: string, report: Report): void {
  if (spec.hostname) finding(pointer(at, 'hostname'), labelFault(spec.hostname), 'Correct the host name', report);
  for (const [i, alias] of (spec.hostAliases ?? []).entries()) {
    const here = pointer(at, 'hostAliases', i);
    if (alias.ip !== undefined) finding(pointer(here, 'ip'), ipFault(alias.ip), 'Correct the address', report);
    for (const [j, name] of (alias.hostnames ?? []).entries()) {
      finding(pointer(here, 'hostnames', j), subdomainFault(name), 'Correct the host name', report);
    }
  }
  const dns = pointer(at, 'dnsConfig');
  for (const [i, server] of (spec.dnsConfig?.nameservers ?? []).entries()) {
    finding(pointer(dns, 'nameservers', i), ipFault(server), 'Correct the address', report);
  }
  if ((spec.dnsConfig?.nameservers ?? []).length > 3) {
    finding(pointer(dns, 'nameservers'), 'resolvers read at most 3 name servers', 'Remove the others', report);
  }
  if (spec.dnsPolicy === 'None' && !spec.dnsConfig?.nameservers?.length) {
    const found = '"None" needs name servers';
    report(pointer(at, 'dnsPolicy'), { code: 'FIELD_CONFLICT', found, hint: 'Add dnsConfig.nameservers' });
  }
}

function checkSysctls(spec: V1PodSpec, at: string, report: Report): void {
  const sysctls = spec.securityContext?.sysctls ?? [];
  const place = (i: number): string => pointer(at, 'securityContext', 'sysctls', i, 'name');
  checkUnique(
    sysctls.map(({ name }, i) => ({ at: place(i), value: name })),
    'the sysctl',
    report,
  );
  for (const [i, { name = '' }] of sysctls.entries()) {
    if (!/^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9*]([-_a-z0-9]*[a-z0-9*])?)*$/.test(name)) {
      finding(place(i), `found "${name}", expected a name such as "net.core.somaxconn"`, 'Correct the name', report);
    } else if (spec.hostNetwork && /^net[./]/.test(name)) {
      const found = `"${name}" would change the host, as "hostNetwork" is true`;
      report(place(i), { code: 'FIELD_CONFLICT', found, hint: 'Set it on the host, or remove "hostNetwork"' });
    }
  }
}
