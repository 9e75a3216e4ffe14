import type { V1Container, V1ObjectMeta, V1PodSpec, V1SeccompProfile } from '@kubernetes/client-node';
import { afterAnnotation, orderedKinds, referencesIn } from '../model/order.ts';
import { conflict, finding } from './finding.ts';
import { innerPathFault, labelFault, quote, subdomainFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { nearest } from './suggest.ts';

/** Annotations of pods that the server itself reads. */
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const mirror = 'kubernetes.io/config.mirror';

/** Checks the annotations of a pod or template that mean something to a server, also against the fields they stand for. */
export function checkPodAnnotations(metadata: V1ObjectMeta, spec: V1PodSpec, at: string, report: Report): void {
  const { annotations } = metadata;
  if (!annotations) return;
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  for (const [key, value] of Object.entries(annotations)) {
    const here = pointer(at, 'annotations', key);
    if (key === seccompPod) {
      checkSeccomp(value, spec.securityContext?.seccompProfile, here, report);
    } else if (key.startsWith(seccompContainer)) {
      const container = named(containers, key.slice(seccompContainer.length));
      checkSeccomp(value, container?.securityContext?.seccompProfile, here, report);
    } else if (key.startsWith(appArmorContainer)) {
      checkAppArmor(value, named(containers, key.slice(appArmorContainer.length)), spec, here, report);
    } else if (key === deletionCost && !isInt32(value)) {
      finding(here, `found ${quote(value)}, expected a whole number`, 'Correct the number', report);
    } else if (key === mirror && !spec.nodeName) {
      finding(here, 'it needs "spec.nodeName"', 'Remove it: only kubelets write it', report);
    } else if (key === afterAnnotation) {
      checkAfter(value, here, report);
    }
  }
}

/** Each thing that it names on its own: whether that is in the source is told later. */
function checkAfter(value: string, at: string, report: Report): void {
  const form = 'Write NAME, Kind/NAME or Kind/NAMESPACE/NAME, with commas between';
  for (const { text, kind, namespace, name, isTooLong } of referencesIn(value)) {
    if (text === '' || isTooLong) {
      finding(at, `found ${quote(text)}, expected a Pod or a Deployment`, form, report);
    } else if (kind !== undefined && !orderedKinds.includes(kind)) {
      const meant = nearest(kind, orderedKinds);
      const hint = meant === undefined ? form : `Did you mean "${meant}"?`;
      finding(at, `found the kind ${quote(kind)}, expected ${orderedKinds.join(' or ')}`, hint, report);
    } else {
      finding(at, (namespace === undefined ? undefined : labelFault(namespace)) ?? subdomainFault(name), form, report);
    }
  }
}

function named(containers: readonly V1Container[], name: string): V1Container | undefined {
  return containers.find(container => container.name === name);
}

function checkSeccomp(value: string, field: V1SeccompProfile | undefined, at: string, report: Report): void {
  const local = value.startsWith('localhost/');
  const type = local
    ? 'Localhost'
    : { 'runtime/default': 'RuntimeDefault', 'docker/default': 'RuntimeDefault', unconfined: 'Unconfined' }[value];
  if (type === undefined) {
    const found = `found ${quote(value)}, expected "runtime/default", "unconfined" or "localhost/PROFILE"`;
    finding(at, found, 'Use securityContext.seccompProfile instead', report);
    return;
  }
  if (local) finding(at, innerPathFault(value.slice('localhost/'.length)), 'Correct the path', report);
  checkSame(type, local ? value.slice('localhost/'.length) : undefined, field, at, report);
}

function checkAppArmor(
  value: string,
  container: V1Container | undefined,
  spec: V1PodSpec,
  at: string,
  report: Report,
): void {
  if (!container) finding(at, 'the pod has no container of this name', 'Correct the name after the "/"', report);
  const local = value.startsWith('localhost/');
  const type = local ? 'Localhost' : { 'runtime/default': 'RuntimeDefault', unconfined: 'Unconfined' }[value];
  if (type === undefined && value !== '') {
    const found = `found ${quote(value)}, expected "runtime/default", "unconfined" or "localhost/PROFILE"`;
    finding(at, found, 'Use securityContext.appArmorProfile instead', report);
  }
  const field = container?.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
  if (type) checkSame(type, local ? value.slice('localhost/'.length) : undefined, field, at, report);
}

function checkSame(
  type: string,
  path: string | undefined,
  field: { readonly type: string; readonly localhostProfile?: string } | undefined,
  at: string,
  report: Report,
): void {
  if (!field || (field.type === type && field.localhostProfile === path)) return;
  conflict(at, 'it differs from the profile in the security context', 'Remove the annotation', report);
}

function isInt32(text: string): boolean {
  return text === '' || (/^(0|-?[1-9]\d*)$/.test(text) && Math.abs(Number(text)) <= 2 ** 31 - 1);
}
