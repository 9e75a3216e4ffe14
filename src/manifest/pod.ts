import type { V1ObjectMeta, V1PodSpec } from '@kubernetes/client-node';
import { checkPodAnnotations } from './annotation.ts';
import { type Around, checkContainer } from './container.ts';
import { conflict, exactlyOne, finding } from './finding.ts';
import { labelFault, quote, subdomainFault } from './formats.ts';
import { checkNames } from './names.ts';
import { checkSystem } from './os.ts';
import { pointer } from './place.ts';
import { checkHostPorts } from './port.ts';
import type { Report } from './report.ts';
import { checkPodResources, checkResources } from './resource.ts';
import { checkScheduling } from './scheduling.ts';
import { checkProfiles } from './security.ts';
import { checkSysctls } from './sysctl.ts';
import { checkUnique } from './unique.ts';
import { checkVolumes } from './volume.ts';

/** What a priority is without a class, and with each of the classes that every cluster has. */
const priorities: Readonly<Record<string, number>> = {
  '': 0,
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

/** A pod, or a template of pods. */
export interface PodLike {
  readonly metadata?: V1ObjectMeta;
  readonly spec?: V1PodSpec;
}

/** Checks the spec of a pod (or of a template, which has no name of its own) that stands at `at`, beyond the schema. */
export function checkPod({ metadata = {}, spec }: PodLike, ofPod: boolean, at: string, report: Report): void {
  if (!spec) return;
  const here = pointer(at, 'spec');
  checkPodAnnotations(metadata, spec, pointer(at, 'metadata'), report);
  if (spec.volumes) {
    checkVolumes(spec.volumes, ofPod ? metadata.name : undefined, pointer(here, 'volumes'), report);
  }
  checkContainers(spec, ofPod, here, report);
  checkHostPorts(spec, ofPod, here, report);
  checkSystem(spec, here, report);
  checkScheduling(spec, here, report);
  checkNames(spec, here, report);
  checkClaims(spec, here, report);
  checkNamespaces(spec, here, report);
  const context = spec.securityContext;
  if (context) {
    checkProfiles(context, pointer(here, 'securityContext'), report);
    if (context.sysctls) checkSysctls(spec, pointer(here, 'securityContext', 'sysctls'), report);
  }
  if (spec.overhead) checkResources({ limits: spec.overhead }, new Set(), pointer(here, 'overhead'), report);
  if (spec.resources) checkPodResources(spec.resources, spec.containers ?? [], pointer(here, 'resources'), report);
  if (ofPod) checkPriority(spec, here, report);
}

function checkContainers(spec: V1PodSpec, ofPod: boolean, at: string, report: Report): void {
  const around: Around = {
    volumes: new Map((spec.volumes ?? []).flatMap(volume => (volume.name ? [[volume.name, volume]] : []))),
    claims: new Set((spec.resourceClaims ?? []).map(claim => claim.name)),
    grace: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
    ofPod,
  };
  const all = [
    ...(spec.initContainers ?? []).map((each, i) => ({
      each,
      role: 'init' as const,
      at: pointer(at, 'initContainers', i),
    })),
    ...(spec.containers ?? []).map((each, i) => ({ each, role: 'main' as const, at: pointer(at, 'containers', i) })),
  ];
  if (all.length > 1) {
    checkUnique(
      all.map(({ at, each }) => ({ at: pointer(at, 'name'), value: each.name || undefined })),
      'the container name',
      report,
    );
  }
  for (const { at, each, role } of all) checkContainer(each, role, at, around, report);
  if ((spec.ephemeralContainers ?? []).length > 0) {
    const found = 'they are added to pods that run, and never written into manifests';
    conflict(pointer(at, 'ephemeralContainers'), found, 'Remove them, or make containers of them', report);
  }
}

function checkClaims({ resourceClaims = [] }: V1PodSpec, at: string, report: Report): void {
  if (resourceClaims.length === 0) return;
  const names = ['resourceClaimName', 'resourceClaimTemplateName'] as const;
  checkUnique(
    resourceClaims.map(({ name }, i) => ({ at: pointer(at, 'resourceClaims', i, 'name'), value: name || undefined })),
    'the claim',
    report,
  );
  for (const [i, claim] of resourceClaims.entries()) {
    const here = pointer(at, 'resourceClaims', i);
    if (claim.name) finding(pointer(here, 'name'), labelFault(claim.name), 'Rename the claim', report);
    exactlyOne(claim, names, ['name'], here, report);
    for (const field of names) {
      const name = claim[field];
      if (name !== undefined) finding(pointer(here, field), subdomainFault(name), 'Correct the name', report);
    }
  }
}

function checkNamespaces(spec: V1PodSpec, at: string, report: Report): void {
  if (spec.shareProcessNamespace && spec.hostPID) {
    const found = 'it cannot be true together with "hostPID"';
    conflict(pointer(at, 'shareProcessNamespace'), found, 'Remove one of the two', report);
  }
  if (spec.hostUsers !== false) return;
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
    if (!spec[field]) continue;
    conflict(pointer(at, field), 'it cannot be true together with "hostUsers: false"', 'Remove one of the two', report);
  }
}

/** A server works the number out of the class, and takes no other. Of other classes only it knows the number. */
function checkPriority({ priority, priorityClassName = '' }: V1PodSpec, at: string, report: Report): void {
  const wanted = Object.hasOwn(priorities, priorityClassName) ? priorities[priorityClassName] : undefined;
  if (priority === undefined || wanted === undefined || priority === wanted) return;
  const found = `found ${priority}, where a server makes ${wanted} of the class ${quote(priorityClassName)}`;
  conflict(pointer(at, 'priority'), found, 'Remove it, and name a class in "priorityClassName"', report);
}
