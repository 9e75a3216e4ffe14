import type { CanonicalPod, Json } from '../model/desired.ts';
import type { HandContainer, HandMade } from '../model/hand.ts';
import { type Key, keyOf } from '../model/key.ts';
import { handCanonical, handProbes, handResources } from './hand-container.ts';
import { handUpdates, isUpdate } from './hand-update.ts';
import { handVolumes } from './hand-volumes.ts';
import { type Fields, given, some } from './json.ts';
import { dnsLabel, isKey, isLabel, namer } from './names.ts';
import type { Standing } from './objects.ts';
import type { Remarks } from './remarks.ts';

/** Policies of a pod, the one that restarts least first. */
const policies = ['Never', 'OnFailure', 'Always'] as const;

/**
 * What was made by hand as a pod of a namespace. A container in no pod becomes one of that name with `-pod`, as
 * `podman generate kube` has it.
 */
export function standingOf(made: HandMade, namespace: string, remarks: Remarks): Standing {
  const wish = made.isPod ? made.name : `${made.name}-pod`;
  const key = keyOf('Pod', namespace, dnsLabel(wish));
  const say = (what: string): void => remarks.add(key, `cannot say ${what}`);
  if (dnsLabel(wish) !== wish) say(`the name ${wish}, as Kubernetes takes no such name`);
  for (const what of made.unsaid) say(what);
  for (const unit of made.units) say(`that the unit ${unit} of systemd makes it: disable that, or two keep one pod`);
  const named = namer();
  const containers = made.containers.map(
    container => [named(container.engineName, container.name), container] as const,
  );
  for (const [name, container] of containers) {
    if (name !== container.name) say(`the name of container ${container.name}: it is "${name}" here`);
    for (const what of container.unsaid) remarks.add(key, `container ${name}: cannot say ${what}`);
  }
  return {
    key,
    declaredBy: key,
    appliedAtMs: made.createdAtMs,
    files: new Map(),
    pod: canonicalOf(key, made, containers, remarks),
  };
}

type Named = readonly (readonly [name: string, HandContainer])[];

function canonicalOf(key: Key, made: HandMade, containers: Named, remarks: Remarks): CanonicalPod {
  const namespace = key.split('/')[1] ?? '';
  const say = (what: string): void => remarks.add(key, `cannot say ${what}`);
  const of =
    (name: string) =>
    (what: string): void =>
      remarks.add(key, `container ${name}: cannot say ${what}`);
  const { mounts, emptyDirs, claims, volumes } = handVolumes(containers, made.volumes, namespace, say);
  const each = (value: (name: string, container: HandContainer) => Json): Fields =>
    Object.fromEntries(containers.map(([name, container]) => [name, value(name, container)]));
  const mains = containers.filter(([, { isInit }]) => !isInit);
  if (mains.length === 0) say('containers: all that it has are init containers');
  return {
    sandbox: sandboxOf(made, say),
    containers: each((name, container) => handCanonical(container, namespace, mounts.get(name) ?? {}, of(name))),
    inPlace: given({
      ...metadataOf(made, mains, handUpdates(containers, of), say),
      restartPolicy: policyOf(made, mains, say),
      terminationGracePeriodSeconds: graceOf(mains, say),
      order: containers.map(([name]) => name),
      resources: each((name, { resources }) => handResources(resources, of(name))),
      probes: each((name, container) => handProbes(container, of(name))),
      ports: some(Object.fromEntries(mains.slice(0, 1).map(([name]) => [name, portsOf(made)]))),
      pullPolicies: each(() => 'IfNotPresent'),
      // Podman fills in nothing: all stands as it runs.
      asWritten: each(() => []),
      emptyDirs,
      claims,
      volumes,
    }),
  };
}

function sandboxOf(made: HandMade, say: (what: string) => void): Json {
  const { hostname, hostNetwork, hostPid, hostIpc, sharePid, dns, sysctls } = made;
  const isFit = hostname === undefined || dnsLabel(hostname) === hostname;
  if (!isFit) say(`the host name ${hostname}, as Kubernetes takes no such name`);
  const aliases: Record<string, string[]> = {};
  for (const { name, ip } of made.hostAliases) {
    if (/^[\d.]+$|:/.test(ip)) aliases[ip] = [...(aliases[ip] ?? []), name];
    else say(`the host alias ${name}, as ${ip} is no address`);
  }
  return given({
    hostname: isFit ? hostname : undefined,
    hostNetwork: hostNetwork ? true : undefined,
    hostPID: hostPid ? true : undefined,
    hostIPC: hostIpc ? true : undefined,
    shareProcessNamespace: sharePid && !hostPid ? true : undefined,
    hostAliases: some(aliases),
    dns: some(
      given({ servers: some([...dns.servers]), searches: some([...dns.searches]), options: some([...dns.options]) }),
    ),
    sysctls: some(
      Object.fromEntries(sysctls.map(each => each.split('=')).map(([name = '', value = '']) => [name, value])),
    ),
  });
}

function portsOf({ ports }: HandMade): Json {
  return ports.map(({ hostIp, hostPort, containerPort, protocol }) =>
    given({
      containerPort,
      hostPort,
      hostIP: hostIp,
      protocol: protocol === 'tcp' ? undefined : protocol.toUpperCase(),
    }),
  );
}

/** A manifest labels pods alone: what its only container has is the pod's. */
function metadataOf(made: HandMade, mains: Named, updates: Fields, say: (what: string) => void): Fields {
  const [only] = mains.length === 1 ? mains : [];
  const labels = { ...only?.[1].labels, ...made.labels };
  const annotations = { ...only?.[1].annotations };
  // Kube play keeps the annotation beside the label that it makes of it.
  const isKnown = (key: string): boolean => isUpdate(key) && Object.keys(updates).length > 0;
  for (const [name, container] of only === undefined ? mains : []) {
    for (const [key, value] of Object.entries(container.labels))
      say(`the label ${key}=${value} of container ${name} alone`);
    for (const key of Object.keys(container.annotations))
      if (!isKnown(key)) say(`the annotation ${key} of container ${name} alone`);
  }
  for (const [key, value] of Object.entries(labels)) {
    if (!isLabel(key, value)) say(`the label ${key}=${value}, as Kubernetes takes no such label`);
  }
  // Podman alone follows these, so that a strict reader refuses them.
  const isOurs = (key: string): boolean => isKey(key) && !/^(io\.containers\.|bind-mount-options)/.test(key);
  for (const key of Object.keys(annotations)) if (!isOurs(key) && !isKnown(key)) say(`the annotation ${key}`);
  const fit = Object.entries(labels).filter(([key, value]) => isLabel(key, value));
  const kept = Object.entries(annotations).filter(([key]) => isOurs(key));
  return given({
    labels: some(Object.fromEntries(fit)),
    annotations: some({ ...Object.fromEntries(kept), ...updates }),
  });
}

/** What systemd made has no policy of its own in the engine: its unit starts it at each boot, as Always does. */
function policyOf({ units }: HandMade, mains: Named, say: (what: string) => void): string {
  if (units.length > 0) return 'Always';
  const of = (restart: string): number => (restart === 'no' ? 0 : restart === 'on-failure' ? 1 : 2);
  const all = [...new Set(mains.map(([, { restart }]) => of(restart)))];
  const policy = policies[Math.max(0, ...all)] ?? 'Never';
  if (all.length > 1) say(`the restart policy of each container: it is ${policy} for all`);
  return policy;
}

function graceOf(mains: Named, say: (what: string) => void): number {
  const all = [...new Set(mains.map(([, { stopSeconds }]) => stopSeconds))];
  const longest = Math.max(0, ...all);
  if (all.length > 1) say(`the time to stop of each container: it is ${longest} s for all`);
  return longest;
}
