import type { CanonicalPod, Json } from '../model/desired.ts';
import { type Key, keyParts } from '../model/key.ts';
import { containerOf } from './container.ts';
import { type Fields, fields, flag, given, member, others, some, text, texts } from './json.ts';
import { nameOf } from './metadata.ts';
import type { Remarks } from './remarks.ts';
import { volumesOf } from './volumes.ts';

const prefix = 'io.podman.annotations.';
/** The kubelet's default (Kubernetes API, PodSpec). */
const defaultGraceSeconds = 30;

const knownSandbox = [
  ...['hostname', 'hostNetwork', 'address', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'ports', 'hostAliases'],
  ...['dns', 'fsGroup', 'sysctls', 'hostnameOverride', 'subdomain', 'setHostnameAsFQDN', 'hostUsers', 'resources'],
  // In an annotation, which stands among the others.
  'infraName',
];
const knownInPlace = [
  ...['labels', 'annotations', 'restartPolicy', 'terminationGracePeriodSeconds', 'resources', 'emptyDirs', 'probes'],
  ...['hooks', 'deployment', 'ports', 'pullPolicies', 'imagePullSecrets', 'fsGroupChangePolicy', 'order', 'asWritten'],
  ...['volumes', 'files', 'claims', 'activeDeadlineSeconds', 'initOrder', 'messages', 'resizePolicies'],
  'supplementalGroupsPolicy',
  // In an annotation, too.
  'after',
];

/** What declares pods: a Pod itself, or a Deployment with as many pods. */
export interface Declaring {
  readonly key: Key;
  readonly replicas: number;
}

/**
 * A pod's canonical form as a manifest that comes to the same form, and so to the same digests. What it cannot say is
 * taken down.
 */
export function manifestOf({ key, replicas }: Declaring, pod: CanonicalPod, remarks: Remarks): Fields {
  const { kind } = keyParts(key);
  const own = nameOf(key);
  const { labels, annotations, spec } = podOf(pod, key, remarks);
  const metadata = given({ labels, annotations });
  if (kind !== 'Deployment') return { apiVersion: 'v1', kind: 'Pod', metadata: { ...own, ...metadata }, spec };
  const deployment = fields(member(pod.inPlace, 'deployment'));
  const { strategy, selector = { matchLabels: labels ?? {} } } = deployment;
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: given({ ...own, labels: deployment.labels, annotations: deployment.annotations }),
    spec: given({
      replicas,
      selector,
      strategy: strategy === undefined ? undefined : { type: strategy },
      template: { metadata, spec },
    }),
  };
}

interface PodManifest {
  readonly labels: Fields | undefined;
  readonly annotations: Fields | undefined;
  readonly spec: Fields;
}

function podOf(pod: CanonicalPod, about: string, remarks: Remarks): PodManifest {
  const { sandbox, inPlace } = pod;
  for (const name of others(sandbox, knownSandbox)) remarks.add(about, `cannot say "${name}"`);
  for (const name of others(inPlace, knownInPlace)) remarks.add(about, `cannot say "${name}"`);
  const names = namesOf(pod);
  const isInit = (name: string): boolean => member(pod.containers[name], 'init') === true;
  const first = names.find(name => !isInit(name));
  const ports = portsOf(fields(member(sandbox, 'ports')));
  const known = member(inPlace, 'ports') !== undefined;
  const made = names.map(name => {
    const place = { name, about, inPlace, names, ports: name === first && !known ? some(ports) : undefined };
    return { name, ...containerOf(pod.containers[name] ?? {}, place, remarks) };
  });
  const annotations = {
    ...Object.assign({}, ...made.map(({ name, annotations: own }) => named(own, name))),
    ...ulimitsOf(made, about, remarks),
    ...fields(member(inPlace, 'annotations')),
  };
  const { restartPolicy, terminationGracePeriodSeconds: grace, imagePullSecrets } = fields(inPlace);
  const { hostname, hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostAliases } = fields(sandbox);
  const { hostnameOverride, subdomain, setHostnameAsFQDN, hostUsers, resources } = fields(sandbox);
  const hasSignal = made.some(({ container }) => member(container.lifecycle, 'stopSignal') !== undefined);
  const spec = given({
    // Kubernetes takes a signal only where the system is said.
    os: hasSignal ? { name: 'linux' } : undefined,
    restartPolicy: restartPolicy === 'Always' ? undefined : restartPolicy,
    terminationGracePeriodSeconds: grace === defaultGraceSeconds ? undefined : grace,
    activeDeadlineSeconds: member(inPlace, 'activeDeadlineSeconds'),
    hostname,
    hostnameOverride,
    subdomain,
    setHostnameAsFQDN: flag(setHostnameAsFQDN),
    hostUsers,
    hostNetwork: flag(hostNetwork),
    hostPID: flag(hostPID),
    hostIPC: flag(hostIPC),
    shareProcessNamespace: flag(shareProcessNamespace),
    hostAliases: some(Object.entries(fields(hostAliases)).map(([ip, hostnames]) => ({ ip, hostnames }))),
    dnsPolicy: dnsPolicyOf(fields(sandbox)),
    dnsConfig: some(dnsOf(fields(member(sandbox, 'dns')))),
    imagePullSecrets: some(texts(imagePullSecrets).map(name => ({ name }))),
    securityContext: some(podSecurity(pod, about, remarks)),
    resources: some(fields(resources)),
    initContainers: some(made.filter(({ name }) => isInit(name)).map(({ container }) => container)),
    containers: made.filter(({ name }) => !isInit(name)).map(({ container }) => container),
    volumes: some(volumesOf(pod, about, remarks)),
  });
  return { labels: some(fields(member(inPlace, 'labels'))), annotations: some(annotations), spec };
}

/** In the order of the manifest, in which init containers run. */
function namesOf({ containers, inPlace }: CanonicalPod): readonly string[] {
  const order = texts(member(inPlace, 'order'));
  if (order.length > 0) return order;
  const inits = texts(member(inPlace, 'initOrder'));
  return [...inits, ...Object.keys(containers).filter(name => !inits.includes(name))];
}

function named(annotations: Readonly<Record<string, string>>, container: string): Fields {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`${prefix}${name}/${container}`, value]),
  );
}

/** Podman's annotation is for all containers of a pod. */
function ulimitsOf(
  made: readonly { readonly ulimits: Readonly<Record<string, string>> }[],
  about: string,
  remarks: Remarks,
): Fields {
  const each = made.map(({ ulimits }) =>
    Object.entries(ulimits)
      .map(([name, limits]) => `${name}=${limits}`)
      .join(','),
  );
  const [limits, ...others] = new Set(each.filter(text => text !== ''));
  if (limits === undefined) return {};
  if (others.length > 0) {
    const all = [limits, ...others].join(' and ');
    remarks.add(about, `cannot say the ulimits ${all}, one for each container: a manifest has one for them all`);
    return {};
  }
  if (each.includes(''))
    remarks.add(about, `the ulimits ${limits} are not those of all containers: a manifest gives them to all`);
  return { [`${prefix}ulimit`]: limits };
}

/** The keys are `IP:PORT/PROTOCOL`, where an address may hold colons. */
function portsOf(ports: Fields): readonly Json[] {
  return Object.entries(ports).map(([published, containerPort]) => {
    const [, hostIP, hostPort, protocol = ''] = /^(.*):(\d+)\/(\w+)$/.exec(published) ?? [];
    return given({
      containerPort,
      hostPort: Number(hostPort),
      hostIP: hostIP || undefined,
      protocol: protocol === 'tcp' ? undefined : protocol.toUpperCase(),
    });
  });
}

/** Only what differs from the usual for its network stands in the canonical form. */
function dnsPolicyOf({ dns, hostNetwork }: Fields): string | undefined {
  const policy = text(member(dns, 'policy'));
  if (policy === 'none') return 'None';
  if (policy === undefined) return undefined;
  return hostNetwork === true ? 'ClusterFirstWithHostNet' : 'Default';
}

function dnsOf({ servers, searches, options }: Fields): Fields {
  const each = texts(options).map(option => {
    const [, name = '', value] = /^([^:]*)(?::(.*))?$/s.exec(option) ?? [];
    return given({ name, value });
  });
  return given({ nameservers: servers, searches, options: options === undefined ? undefined : each });
}

function podSecurity({ sandbox, containers, inPlace }: CanonicalPod, about: string, remarks: Remarks): Fields {
  const { fsGroup, sysctls } = fields(sandbox);
  const groups = Object.values(containers).map(each => texts(member(member(each, 'security'), 'groups')));
  const own = groups.map(each => (each.at(-1) === String(fsGroup) ? each.slice(0, -1) : each));
  const all = [...new Set(own.flat())];
  const numbers = all.filter(group => /^\d+$/.test(group));
  if (numbers.length < all.length) remarks.add(about, 'cannot say groups by their names');
  if (own.some(each => each.length !== all.length)) {
    remarks.add(about, `the groups ${all.join(', ')} are not those of all containers: a manifest gives them to all`);
  }
  return given({
    fsGroup,
    fsGroupChangePolicy: text(member(inPlace, 'fsGroupChangePolicy')),
    supplementalGroups: some(numbers.map(Number)),
    supplementalGroupsPolicy: text(member(inPlace, 'supplementalGroupsPolicy')),
    sysctls: some(Object.entries(fields(sysctls)).map(([name, value]) => ({ name, value }))),
  });
}
