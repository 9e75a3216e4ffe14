import type { V1ResourceRequirements } from '@kubernetes/client-node';
import { conflict, finding, missing } from './finding.ts';
import { qualifiedFault, quote } from './formats.ts';
import { pointer } from './place.ts';
import { quantityMilli } from './quantity.ts';
import type { Report } from './report.ts';
import { nearest } from './suggest.ts';

type Amounts = Readonly<Record<string, string>>;

const containerResources = ['cpu', 'memory', 'ephemeral-storage'];
const podResources = ['cpu', 'memory'];
const hugePages = 'hugepages-';

/** Checks limits, requests and claims of a container. `claims` are the names of those of its pod. */
export function checkResources(
  resources: V1ResourceRequirements | undefined,
  claims: ReadonlySet<string>,
  at: string,
  report: Report,
): void {
  if (!resources) return;
  checkAmounts(resources, containerResources, at, report);
  const seen = new Set<string>();
  for (const [i, { name, request = '' }] of (resources.claims ?? []).entries()) {
    const here = pointer(at, 'claims', i);
    if (name && !claims.has(name)) {
      const found = `the pod has no resource claim ${quote(name)}`;
      report(pointer(here, 'name'), { code: 'REFERENCE_MISSING', found, hint: 'Add it to resourceClaims of the pod' });
    }
    const use = `${name}/${request}`;
    if (seen.has(use)) {
      report(here, { code: 'DUPLICATE_NAME', found: `${quote(use)} is used already`, hint: 'Remove one of the two' });
    }
    seen.add(use);
  }
}

/** Checks limits and requests of a whole pod: those of its containers are to fit into them. */
export function checkPodResources(
  resources: V1ResourceRequirements,
  containers: readonly { readonly resources?: V1ResourceRequirements }[],
  at: string,
  report: Report,
): void {
  checkAmounts(resources, podResources, at, report);
  if (resources.claims) conflict(pointer(at, 'claims'), 'only containers have claims', 'Move it', report);
  for (const [name, request] of Object.entries(resources.requests ?? {})) {
    const sum = containers.reduce((total, each) => total + milli(each.resources?.requests?.[name]), 0);
    if (sum <= milli(request)) continue;
    const found = `found ${quote(String(request))}, which is less than the containers request together`;
    conflict(pointer(at, 'requests', name), found, 'Raise it, or lower the requests of the containers', report);
  }
  for (const [name, limit] of Object.entries(resources.limits ?? {})) {
    if (containers.every(each => milli(each.resources?.limits?.[name]) <= milli(limit))) continue;
    const found = `found ${quote(String(limit))}, which is less than the limit of a container`;
    conflict(pointer(at, 'limits', name), found, 'Raise it, or lower the limit of the container', report);
  }
}

function checkAmounts(resources: V1ResourceRequirements, known: readonly string[], at: string, report: Report): void {
  const limits: Amounts = resources.limits ?? {};
  const requests: Amounts = resources.requests ?? {};
  for (const [name, quantity] of Object.entries(limits))
    checkAmount(name, quantity, known, pointer(at, 'limits', name), report);
  for (const [name, request] of Object.entries(requests)) {
    const here = pointer(at, 'requests', name);
    const limit = limits[name];
    // Requests that equal their limit were mostly filled in from it.
    if (request !== limit) checkAmount(name, request, known, here, report);
    if (limit === undefined) {
      if (isFixed(name))
        missing(pointer(at, 'limits'), name, `Add it: ${quote(name)} is never shared out twice`, report);
    } else if (milli(request) > milli(limit) || (isFixed(name) && milli(request) !== milli(limit))) {
      const found = `found ${quote(String(request))}, expected ${isFixed(name) ? '' : 'at most '}the limit ${quote(String(limit))}`;
      conflict(here, found, 'Lower the request, or raise the limit', report);
    }
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePage) && !names.some(name => podResources.includes(name))) {
    conflict(at, 'huge pages need "cpu" or "memory" beside them', 'Add one of the two', report);
  }
}

function checkAmount(name: string, quantity: string, known: readonly string[], at: string, report: Report): void {
  const fault = resourceFault(name, known);
  if (fault !== undefined) finding(at, fault, resourceHint(name, known), report);
  const amount = quantityMilli(quantity); // Thousandths.
  if (amount === undefined) return;
  const text = String(quantity);
  const page = isHugePage(name) ? quantityMilli(name.slice(hugePages.length)) : undefined;
  if (amount < 0) {
    finding(at, `found ${quote(text)}, expected no negative amount`, 'Correct the number', report);
  } else if (name.includes('/') && amount % 1000 !== 0) {
    finding(at, `found ${quote(text)}, expected a whole number`, 'Correct the number', report);
  } else if (page && amount % page !== 0) {
    finding(at, `found ${quote(text)}, expected a multiple of the page size`, 'Correct the number', report);
  } else if (name === 'memory' && amount % 1000 !== 0) {
    const hint = `"m" means thousandths: did you mean "${text.replace(/m$/, 'Mi')}"`;
    report(at, { code: 'FIELD_VALUE', found: `${quote(text)} is a fraction of a byte`, hint, severity: 'warning' });
  }
}

/** Names without a domain are Kubernetes' own; others are those of devices. */
function resourceFault(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name) || isHugePage(name)) return undefined;
  if (!name.includes('/') || known === podResources) {
    return qualifiedFault(name) ?? `Kubernetes has no such resource here, only ${known.join(', ')} and hugepages-SIZE`;
  }
  if (name.startsWith('requests.')) return `found the key ${quote(name)}, which begins with "requests."`;
  return qualifiedFault(name);
}

function resourceHint(name: string, known: readonly string[]): string {
  const meant = name.includes('/') ? undefined : nearest(name, known);
  return meant ? `Did you mean "${meant}"` : 'Correct the name, as in "memory" or "example.com/device"';
}

function isHugePage(name: string): boolean {
  return name.startsWith(hugePages);
}

/** What cannot be promised beyond what there is: request and limit are one. */
function isFixed(name: string): boolean {
  return isHugePage(name) || (name.includes('/') && !name.includes('kubernetes.io/'));
}

function milli(quantity: string | undefined): number {
  return quantity === undefined ? 0 : (quantityMilli(quantity) ?? 0);
}
