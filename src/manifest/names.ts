import type { V1PodSpec } from '@kubernetes/client-node';
import { conflict, finding, missing } from './finding.ts';
import { ipFault, labelFault, quote, searchFault, subdomainFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

/** What resolvers of Linux read: name servers, searched domains, and characters of these with spaces between. */
const nameServerLimit = 3;
const searchLimit = 32;
const searchLength = 2048;
/** Of a host name in the kernel. */
const longestHostName = 64;

/** Names of other objects in a pod, each a DNS subdomain. */
const references = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const;

/** Checks a pod's host names, its resolver and the names of objects that it needs. */
export function checkNames(spec: V1PodSpec, at: string, report: Report): void {
  for (const field of ['hostname', 'subdomain'] as const) {
    const name = spec[field];
    if (name) finding(pointer(at, field), labelFault(name), 'Correct the host name', report);
  }
  if (spec.hostnameOverride !== undefined)
    checkOverride(spec, spec.hostnameOverride, pointer(at, 'hostnameOverride'), report);
  for (const field of references) {
    const name = spec[field];
    if (name) finding(pointer(at, field), subdomainFault(name), 'Correct the name of the object meant', report);
  }
  if (spec.runtimeClassName === '') missing(at, 'runtimeClassName', 'Remove it, or name a runtime class', report);
  for (const [i, { hostnames = [], ip }] of (spec.hostAliases ?? []).entries()) {
    const here = pointer(at, 'hostAliases', i);
    if (ip) finding(pointer(here, 'ip'), ipFault(ip), 'Correct the address', report);
    for (const [j, name] of hostnames.entries()) {
      finding(pointer(here, 'hostnames', j), subdomainFault(name), 'Correct the host name', report);
    }
  }
  checkResolver(spec, at, report);
}

function checkOverride(spec: V1PodSpec, name: string, at: string, report: Report): void {
  const long = name.length > longestHostName;
  const found = long
    ? `${quote(name)} has ${name.length} characters, at most ${longestHostName} are allowed`
    : subdomainFault(name);
  finding(at, found, 'Correct the host name', report);
  const other = spec.hostNetwork ? 'hostNetwork' : spec.setHostnameAsFQDN ? 'setHostnameAsFQDN' : undefined;
  if (other) conflict(at, `it cannot stand together with "${other}"`, 'Remove one of the two', report);
}

function checkResolver({ dnsConfig, dnsPolicy }: V1PodSpec, at: string, report: Report): void {
  const { nameservers = [], options = [], searches = [] } = dnsConfig ?? {};
  const here = pointer(at, 'dnsConfig');
  if (dnsPolicy === 'None' && nameservers.length === 0) {
    conflict(pointer(at, 'dnsPolicy'), '"None" needs name servers', 'Add dnsConfig.nameservers', report);
  }
  for (const [i, server] of nameservers.entries()) {
    finding(pointer(here, 'nameservers', i), ipFault(server), 'Correct the address', report);
  }
  if (nameservers.length > nameServerLimit) {
    const found = `resolvers read at most ${nameServerLimit} name servers`;
    finding(pointer(here, 'nameservers'), found, 'Remove the others', report);
  }
  for (const [i, domain] of searches.entries()) {
    finding(pointer(here, 'searches', i), searchFault(domain), 'Correct the domain', report);
  }
  if (searches.length > searchLimit || searches.join(' ').length > searchLength) {
    const found = `resolvers search at most ${searchLimit} domains of ${searchLength} characters together`;
    finding(pointer(here, 'searches'), found, 'Remove some', report);
  }
  for (const [i, { name }] of options.entries()) {
    if (!name) missing(pointer(here, 'options', i), 'name', 'Add the name of the option, as in "ndots"', report);
  }
}
