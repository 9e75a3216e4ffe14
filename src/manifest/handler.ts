import type { V1Container, V1Lifecycle, V1LifecycleHandler, V1Probe } from '@kubernetes/client-node';
import { conflict, exactlyOne, finding, unusable } from './finding.ts';
import { headerFault, portFault, quote } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

const probeHandlers = ['exec', 'grpc', 'httpGet', 'tcpSocket'];
const hookHandlers = ['exec', 'httpGet', 'sleep', 'tcpSocket'];
const probeFields = [
  'failureThreshold',
  'initialDelaySeconds',
  'periodSeconds',
  'successThreshold',
  'terminationGracePeriodSeconds',
  'timeoutSeconds',
];
/** Fields of a container that hold a probe. */
export const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const defaultGrace = 30;

/** Checks the probes of a container. */
export function checkProbes(container: V1Container, at: string, report: Report): void {
  for (const name of probes) {
    const probe = container[name];
    if (probe) checkProbe(probe, name, container, pointer(at, name), report);
  }
}

function checkProbe(
  probe: V1Probe,
  name: (typeof probes)[number],
  container: V1Container,
  at: string,
  report: Report,
): void {
  if (exactlyOne(probe, probeHandlers, probeFields, at, report)) checkTarget(probe, container, at, report);
  if (name === 'readinessProbe') {
    if (probe.terminationGracePeriodSeconds === undefined) return;
    const found = 'a readiness probe ends nothing';
    conflict(pointer(at, 'terminationGracePeriodSeconds'), found, 'Remove it', report);
  } else if ((probe.successThreshold || 1) !== 1) {
    const found = `found ${probe.successThreshold}, expected 1`;
    finding(pointer(at, 'successThreshold'), found, 'Remove it: only readiness probes count successes', report);
  }
}

/** Checks what a container runs after its start and before its stop. `grace` is the pod's, in seconds. */
export function checkLifecycle(container: V1Container, grace: number | undefined, at: string, report: Report): void {
  const lifecycle: V1Lifecycle = container.lifecycle ?? {};
  for (const name of ['postStart', 'preStop'] as const) {
    const handler = lifecycle[name];
    if (!handler) continue;
    const here = pointer(at, 'lifecycle', name);
    if (!exactlyOne(handler, hookHandlers, [], here, report)) continue;
    checkTarget(handler, container, here, report);
    const seconds = handler.sleep?.seconds ?? 0;
    if (seconds >= 0 && seconds <= (grace ?? defaultGrace)) continue;
    const found = `found ${seconds}, expected 0 to ${grace ?? defaultGrace}, the grace period of the pod`;
    finding(pointer(here, 'sleep', 'seconds'), found, 'Correct it, or raise terminationGracePeriodSeconds', report);
  }
}

function checkTarget(
  { httpGet, tcpSocket }: V1LifecycleHandler,
  container: V1Container,
  at: string,
  report: Report,
): void {
  if (httpGet) checkPort(httpGet.port, container, pointer(at, 'httpGet', 'port'), report);
  if (tcpSocket) checkPort(tcpSocket.port, container, pointer(at, 'tcpSocket', 'port'), report);
  for (const [i, { name }] of (httpGet?.httpHeaders ?? []).entries()) {
    const here = pointer(at, 'httpGet', 'httpHeaders', i, 'name');
    if (name) finding(here, headerFault(name), 'Correct the name of the header', report);
  }
}

function checkPort(port: unknown, container: V1Container, at: string, report: Report): void {
  const fault = portFault(port);
  finding(at, fault, 'Name a port of the container, or write its number without quotes', report);
  if (fault !== undefined || typeof port !== 'string') return;
  const declared = (container.ports ?? []).some(({ name }) => name === port);
  const found = declared ? undefined : `the container has no port named ${quote(port)}`;
  unusable(at, found, "Add it to the container's ports, or write the number", report);
}
