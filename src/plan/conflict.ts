import type { Actual, ActualPod } from '../model/actual.ts';
import type { DesiredPod, DesiredPort, DesiredVolume } from '../model/desired.ts';
import { portsOverlap } from '../model/port.ts';

/** Our pods, other than itself, that have a port or a single-writer volume that the pod needs, with what it is. */
export function conflictsOf(
  pod: DesiredPod,
  actual: Actual,
  claims: ReadonlyMap<string, DesiredVolume>,
): ReadonlyMap<ActualPod, string> {
  const found = new Map<ActualPod, string>();
  const singleWriter = pod.volumes.some(
    volume => volume.type === 'claim' && claims.get(volume.engineName)?.singleWriter,
  );
  for (const other of actual.pods.values()) {
    // A stopped pod has let go of its ports.
    if (other.key === pod.key || other.infra.state === 'exited' || other.infra.state === 'created') continue;
    const port = pod.sandbox.ports.find(wanted => other.ports.some(taken => portsOverlap(wanted, taken)));
    if (port !== undefined) found.set(other, `port ${port.hostPort}/${port.protocol}`);
    // What claims an actual pod has is known only of the same Deployment's: they share its template's.
    else if (singleWriter && other.declaredBy === pod.declaredBy) found.set(other, 'a volume for one pod at a time');
  }
  return found;
}

/** What of others stands in the pod's way: a name or a port that is not ours to take. */
export function foreignObstacle(pod: DesiredPod, present: ActualPod | undefined, actual: Actual): string | undefined {
  const names = [...pod.initContainers, ...pod.containers].map(container => container.engineName);
  for (const name of present === undefined ? [pod.engineName, ...names] : names) {
    const holder = actual.foreignNames.get(name);
    if (holder !== undefined)
      return `name '${name}' is taken by ${holder}, which is not ours: rename or remove one of them`;
  }
  if (present?.digest === pod.sandbox.digest) return undefined;
  for (const port of pod.sandbox.ports) {
    const holder = actual.foreignPorts.find(taken =>
      portsOverlap(port, { ...port, ...taken, protocol: taken.protocol as DesiredPort['protocol'] }),
    );
    if (holder !== undefined)
      return `port ${port.hostPort}/${port.protocol} is taken by ${holder.by}, which is not ours: stop it or choose another hostPort`;
  }
  return undefined;
}
