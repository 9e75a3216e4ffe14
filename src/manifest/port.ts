import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { ipFault, portNameFault } from './formats.ts';
import { finding } from './metadata.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { checkUnique } from './unique.ts';

/** Checks the ports of one container. */
export function checkPorts({ ports = [] }: V1Container, at: string, report: Report): void {
  for (const [i, port] of ports.entries()) {
    const here = pointer(at, 'ports', i);
    if (port.name !== undefined) finding(pointer(here, 'name'), portNameFault(port.name), 'Rename the port', report);
    if (port.hostIP) finding(pointer(here, 'hostIP'), ipFault(port.hostIP), 'Correct the address', report);
  }
  checkUnique(
    ports.map(({ name }, i) => ({ at: pointer(at, 'ports', i, 'name'), value: name })),
    'the port name',
    report,
  );
}

/** Checks the ports that a pod takes on its host: each once, and with `hostNetwork` the container's own. */
export function checkHostPorts(spec: V1PodSpec, at: string, report: Report): void {
  const seen = new Set<string>();
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [j, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue;
      const here = pointer(at, 'containers', i, 'ports', j, 'hostPort');
      if (spec.hostNetwork && port.hostPort !== port.containerPort) {
        const found = `found ${port.hostPort}, expected ${port.containerPort} like "containerPort", as "hostNetwork" is true`;
        report(here, { code: 'FIELD_CONFLICT', found, hint: 'Remove "hostPort"' });
      }
      const use = `${port.hostIP ?? ''} ${port.protocol ?? 'TCP'} ${port.hostPort}`;
      if (seen.has(use)) {
        const found = `another port of this pod takes ${port.hostPort} already`;
        report(here, { code: 'DUPLICATE_NAME', found, hint: 'Give each its own host port' });
      }
      seen.add(use);
    }
  }
}

/** Whether a pod takes any port of its host, so that only one of its kind can run. */
export function takesHostPort(spec: V1PodSpec): boolean {
  return (spec.containers ?? []).some(container => (container.ports ?? []).some(port => port.hostPort));
}
