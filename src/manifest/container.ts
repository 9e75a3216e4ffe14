import type { V1Container } from '@kubernetes/client-node';
import { checkEnvironment } from './environment.ts';
import { conflict, finding, missing } from './finding.ts';
import { labelFault } from './formats.ts';
import { checkLifecycle, checkProbes, probes } from './handler.ts';
import { checkImage } from './image.ts';
import { checkMounts, type Volumes } from './mount.ts';
import { pointer } from './place.ts';
import { checkPorts } from './port.ts';
import type { Report } from './report.ts';
import { checkResources } from './resource.ts';
import { checkSecurity } from './security.ts';
import { checkUnique } from './unique.ts';

/** What a container's pod says that matters for it. */
export interface Around {
  readonly volumes: Volumes;
  /** Names of the pod's resource claims. */
  readonly claims: ReadonlySet<string>;
  /** In seconds. */
  readonly grace: number | undefined;
  readonly restartPolicy: string | undefined;
  /** False where the pod has user ids of its own. */
  readonly hostUsers: boolean;
  /** Whether it is a Pod itself, and no template of one. */
  readonly ofPod: boolean;
}

/** Checks a container, or an init container. */
export function checkContainer(
  container: V1Container,
  role: 'main' | 'init',
  at: string,
  around: Around,
  report: Report,
): void {
  if (container.name) finding(pointer(at, 'name'), labelFault(container.name), 'Rename the container', report);
  checkImage(container.image, around.ofPod, pointer(at, 'image'), report);
  checkPorts(container, at, report);
  checkEnvironment(container, at, report);
  checkMounts(container, at, around.volumes, report);
  checkResources(container.resources, around.claims, pointer(at, 'resources'), report);
  checkSecurity(container.securityContext, around.hostUsers, pointer(at, 'securityContext'), report);
  if (role === 'main' || container.restartPolicy === 'Always') {
    checkProbes(container, at, report);
    checkLifecycle(container, around.grace, at, report);
  } else {
    checkPlainInit(container, at, report);
  }
  checkRestarts(container, around, at, report);
}

/** An init container that ends by itself has nothing to probe, and nobody stops it. */
function checkPlainInit(container: V1Container, at: string, report: Report): void {
  for (const name of [...probes, 'lifecycle'] as const) {
    if (container[name] === undefined) continue;
    const found = 'an init container has it only with "restartPolicy: Always"';
    conflict(pointer(at, name), found, 'Remove it, or make a sidecar of the container', report);
  }
}

function checkRestarts(container: V1Container, { restartPolicy }: Around, at: string, report: Report): void {
  const { resizePolicy = [], restartPolicyRules = [] } = container;
  if (restartPolicyRules.length > 0 && container.restartPolicy === undefined) {
    missing(at, 'restartPolicy', 'Add the policy that holds where no rule matches', report);
  }
  if (resizePolicy.length === 0) return;
  checkUnique(
    resizePolicy.map(({ resourceName }, i) => ({ at: pointer(at, 'resizePolicy', i), value: resourceName })),
    'the resource',
    report,
  );
  for (const [i, policy] of resizePolicy.entries()) {
    if (restartPolicy !== 'Never' || policy.restartPolicy !== 'RestartContainer') continue;
    const found = '"RestartContainer" does not fit a pod with "restartPolicy: Never"';
    conflict(pointer(at, 'resizePolicy', i, 'restartPolicy'), found, 'Use "NotRequired"', report);
  }
}
