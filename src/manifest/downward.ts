import type { V1ObjectFieldSelector, V1ResourceFieldSelector } from '@kubernetes/client-node';
import { finding, missing } from './finding.ts';
import { qualifiedFault, quote } from './formats.ts';
import { pointer } from './place.ts';
import { quantityMilli } from './quantity.ts';
import type { Report } from './report.ts';
import { nearest } from './suggest.ts';

/** Fields of a pod that its environment can take in (Kubernetes: downward API). */
export const environmentFields: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Fields of a pod that a file of its volumes can take in. */
export const fileFields: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.labels',
  'metadata.annotations',
  'metadata.uid',
];
const amounts = ['cpu', 'memory', 'ephemeral-storage'].flatMap(name => [`limits.${name}`, `requests.${name}`]);
const hugePages = /^(limits|requests)\.hugepages-/;
const subscripted = /^([^[\]]+)\['(.*)'\]$/;
/** Quantities print thousands as `1k`, so `1000` is one of these, too. */
const byteDivisor = /^\+?1((000){0,6}|[kMGTPE]|[KMGTPE]i)$/;

/** Checks a reference to a field of the pod itself. */
export function checkFieldRef(
  { apiVersion, fieldPath }: V1ObjectFieldSelector,
  allowed: readonly string[],
  at: string,
  report: Report,
): void {
  if (apiVersion && apiVersion !== 'v1') {
    finding(pointer(at, 'apiVersion'), `found ${quote(apiVersion)}, expected "v1"`, 'Remove it', report);
  }
  if (!fieldPath) return;
  const here = pointer(at, 'fieldPath');
  const [, path, key] = subscripted.exec(fieldPath) ?? [];
  if (path === 'metadata.labels') finding(here, qualifiedFault(key ?? ''), 'Correct the key of the label', report);
  else if (path === 'metadata.annotations') {
    finding(here, qualifiedFault((key ?? '').toLowerCase()), 'Correct the key of the annotation', report);
  } else if (!allowed.includes(fieldPath) && !(fieldPath === 'spec.host' && allowed.includes('spec.nodeName'))) {
    const meant = nearest(fieldPath, allowed);
    const list = `${allowed.join(', ')}, metadata.labels['KEY'], metadata.annotations['KEY']`;
    const found = `found ${quote(fieldPath)}, expected one of ${list}`;
    finding(here, found, meant ? `Did you mean "${meant}"` : 'Name one of these fields', report);
  }
}

/** Checks a reference to an amount of a container; files of a volume have to name the container. */
export function checkResourceRef(
  { containerName, divisor, resource }: V1ResourceFieldSelector,
  inFile: boolean,
  at: string,
  report: Report,
): void {
  if (inFile && !containerName) missing(at, 'containerName', 'Name the container whose amount is meant', report);
  if (resource && !amounts.includes(resource) && !hugePages.test(resource)) {
    const meant = nearest(resource, amounts);
    const found = `found ${quote(resource)}, expected one of ${amounts.join(', ')}`;
    finding(pointer(at, 'resource'), found, meant ? `Did you mean "${meant}"` : 'Name one of these', report);
  }
  if (divisor === undefined || !resource || (quantityMilli(divisor) ?? 0) === 0) return;
  const cpu = resource.endsWith('.cpu');
  const fits = cpu ? [1, 1000].includes(quantityMilli(divisor) ?? 0) : byteDivisor.test(String(divisor).trim());
  const found = `found ${quote(String(divisor))}, expected ${cpu ? '"1" or "1m"' : '"1", "1k" to "1E" or "1Ki" to "1Ei"'}`;
  if (!fits) finding(pointer(at, 'divisor'), found, 'Use one of these units', report);
}
