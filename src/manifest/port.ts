import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { conflict, finding, unusable } from './finding.ts';
import { ipFault, portNameFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { checkUnique } from './unique.ts';

/** Checks the ports of one container. */
export function checkPorts({ ports = [] }: V1Container, at: string, report: Report): void {
  if (ports.length === 0) return;
  for (const [i, port] of ports.entries()) {
    const here = pointer(at, 'ports', i);
    if (port.name) finding(pointer(here, 'name'), portNameFault(port.name), 'Rename the port', report);
    if (port.hostIP) unusable(pointer(here, 'hostIP'), ipFault(port.hostIP), 'Correct the address', report);
  }
  checkUnique(
    ports.map(({ name }, i) => ({ at: pointer(at, 'ports', i, 'name'), value: name || undefined })),
    'the port name',
    report,
  );
}

/**
 * Checks the ports that a pod takes on its host: each once (an init container's by themselves, as they run alone), and
 * with `hostNetwork` the container's own.
 */
export function checkHostPorts(spec: V1PodSpec, ofPod: boolean, at: string, report: Report): void {
  // On the host's network a port is its host port, too; of a template the server says so only when it makes the pod.
  const late = !ofPod && spec.hostNetwork === true;
  const seen = new Set<string>();
  for (const [i, container] of (spec.containers ?? []).entries()) {
    checkTaken(container, late, pointer(at, 'containers', i), seen, report);
    if (spec.hostNetwork) checkShared(container, pointer(at, 'containers', i), report);
  }
  for (const [i, container] of (spec.initContainers ?? []).entries()) {
    checkTaken(container, late, pointer(at, 'initContainers', i), new Set(), report);
  }
}

function checkTaken({ ports = [] }: V1Container, late: boolean, at: string, seen: Set<string>, report: Report): void {
  for (const [i, { hostIP = '', hostPort, protocol }] of ports.entries()) {
    if (!hostPort) continue;
    const use = `${hostIP} ${protocol || 'TCP'} ${hostPort}`;
    if (seen.has(use)) {
      const found = `another port of this pod takes ${hostPort} already`;
      const code = late ? 'FIELD_UNSUPPORTED' : 'DUPLICATE_NAME';
      report(pointer(at, 'ports', i, 'hostPort'), { code, found, hint: 'Give each its own host port' });
    }
    seen.add(use);
  }
}

function checkShared({ ports = [] }: V1Container, at: string, report: Report): void {
  for (const [i, { containerPort, hostPort }] of ports.entries()) {
    if (!hostPort || hostPort === containerPort) continue;
    const found = `found ${hostPort}, expected ${containerPort} like "containerPort", as "hostNetwork" is true`;
    conflict(pointer(at, 'ports', i, 'hostPort'), found, 'Remove "hostPort"', report);
  }
}

/** Whether a pod takes any port of its host, so that only one of its kind can run. */
export function takesHostPort(spec: V1PodSpec): boolean {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...(spec.containers ?? [])].some(container =>
    (container.ports ?? []).some(port => port.hostPort),
  );
}
