import { EngineError, type Signalled } from '../engine/engine.ts';
import type { DesiredPort } from '../model/desired.ts';
import type { HandMade, HandVolume } from '../model/hand.ts';
import type { Context } from './context.ts';
import { readCreateCommand } from './create-command.ts';
import { readHandContainer } from './hand-container.ts';
import { list, record, text, textRecord, texts, type Unread } from './json.ts';
import { path } from './query.ts';

/** What was made by hand, by its name or id. */
export type HandName = { readonly pod: string } | { readonly container: string };

/** Networks that a pod or container is on where nothing is said. */
const standardNetworks = ['', 'podman', 'pasta', 'slirp4netns'];

/**
 * A pod, or a container in none, in plain facts; undefined where there is none of that name.
 *
 * @throws EngineError `REFUSED` for a container in a pod, and a pod that has no containers
 */
export async function readHandMade(
  context: Context,
  name: HandName,
  { signal }: Signalled,
): Promise<HandMade | undefined> {
  const get = async (what: string, at: string): Promise<Unread> => {
    const { status, body } = await context.http.call({ method: 'GET', path: at, accept: [404], what, signal });
    return status === 404 ? undefined : body;
  };
  const container = (id: string): Promise<Unread> => get('Cannot look at a container', path`/containers/${id}/json`);
  const pod = 'pod' in name ? await get('Cannot look at a pod', path`/pods/${name.pod}/json`) : undefined;
  const single = 'container' in name ? await container(name.container) : undefined;
  if (pod === undefined && single === undefined) return undefined;
  const ids = list(record(pod).Containers).map(each => text(record(each).Id));
  const all = single === undefined ? await Promise.all(ids.map(container)) : [single];
  const isInfra = (each: Unread): boolean => record(each).IsInfra === true;
  const members = all
    .filter(each => each !== undefined && !isInfra(each) && record(each).IsService !== true)
    .toSorted(byAge);
  refuse(name, single, members.length);
  const secrets = list(await get('Cannot look at the secrets', '/secrets/json'));
  const podName = pod === undefined ? undefined : text(record(pod).Name);
  const containers = await Promise.all(
    members.map(async each => {
      const image = await get('Cannot look at an image', path`/images/${text(record(each).Image)}/json`);
      return readHandContainer(each, { image, podName, hasSecrets: secrets.length > 0 });
    }),
  );
  const volumes = containers.flatMap(({ mounts }) =>
    mounts.flatMap(mount => (mount.type === 'volume' ? mount.name : [])),
  );
  const read = async (volume: string): Promise<readonly [string, HandVolume]> => [
    volume,
    volumeOf(await get('Cannot look at a volume', path`/volumes/${volume}/json`)),
  ];
  const around = pod === undefined ? ofSingle(single) : ofPod(pod, all.find(isInfra));
  return {
    ...around,
    units: unitsOf(pod, all),
    containers,
    volumes: new Map(await Promise.all([...new Set(volumes)].sort().map(read))),
  };
}

function refuse(name: HandName, single: Unread, members: number): void {
  const pod = text(record(single).Pod);
  if ('container' in name && pod !== '') {
    throw new EngineError('REFUSED', `Cannot take container "${name.container}" alone: it is in a pod`, {
      hint: `Name the pod: --pod ${pod.slice(0, 12)}`,
    });
  }
  if (members > 0) return;
  throw new EngineError('REFUSED', `Cannot take "${'pod' in name ? name.pod : name.container}": it has no containers`, {
    hint: 'A manifest needs at least one',
  });
}

/** What Quadlet, `podman-kube@` and `podman generate systemd --new` leave on what they make (podman-systemd.unit(5)). */
const unitLabel = 'PODMAN_SYSTEMD_UNIT';

function unitsOf(pod: Unread, containers: readonly Unread[]): readonly string[] {
  const labels = [record(pod).Labels, ...containers.map(each => record(record(each).Config).Labels)];
  return [...new Set(labels.flatMap(each => textRecord(each)[unitLabel] || []))].sort();
}

type Around = Omit<HandMade, 'containers' | 'volumes' | 'units'>;

function ofPod(value: Unread, infra: Unread): Around {
  const pod = record(value);
  const config = record(pod.InfraConfig);
  const command = readCreateCommand(texts(pod.CreateCommand));
  const shared = texts(pod.SharedNamespaces);
  const host = record(record(infra).HostConfig);
  const hostNetwork = config.HostNetwork === true;
  const apart = ['net', 'ipc', 'uts'].filter(
    namespace => !shared.includes(namespace) && !(namespace === 'net' && hostNetwork),
  );
  const userns = text(config.userns);
  return {
    name: text(pod.Name),
    isPod: true,
    ids: { pod: text(pod.Id), infra: text(pod.InfraContainerID) },
    createdAtMs: Date.parse(text(pod.Created)) || 0,
    hostname: hostNetwork || text(pod.Hostname) === text(pod.Name) ? undefined : text(pod.Hostname) || undefined,
    hostNetwork,
    hostPid: text(config.pid_ns) === 'host' || text(host.PidMode) === 'host',
    hostIpc: text(host.IpcMode) === 'host',
    sharePid: shared.includes('pid'),
    ports: portsOf(config.PortBindings),
    hostAliases: texts(config.HostAdd).map(aliasOf),
    dns: { servers: texts(config.DNSServer), searches: texts(config.DNSSearch), options: texts(config.DNSOption) },
    sysctls: command.all('sysctl'),
    labels: withoutUnit(textRecord(pod.Labels)),
    unsaid: [
      ...apart.map(namespace => `that its containers do not share the ${namespace} namespace`),
      ...(['', 'host'].includes(userns) ? [] : [`the user namespace ${userns}`]),
      ...networksOf(hostNetwork ? [] : texts(config.Networks), [text(config.StaticIP), text(config.StaticMAC)]),
    ],
  };
}

function ofSingle(value: Unread): Around {
  const { Name, Id, Created, Config, HostConfig, NetworkSettings } = record(value);
  const host = record(HostConfig);
  const { Hostname, CreateCommand } = record(Config);
  const command = readCreateCommand(texts(CreateCommand));
  const mode = text(host.NetworkMode);
  const hostname = text(Hostname);
  const isOwn = hostname !== '' && !text(Id).startsWith(hostname) && mode !== 'host' && text(host.UTSMode) !== 'host';
  const foreign = mode === 'none' || /^(container|ns):/.test(mode) ? [`the network mode ${mode}`] : [];
  return {
    name: text(Name),
    isPod: false,
    createdAtMs: Date.parse(text(Created)) || 0,
    hostname: isOwn ? hostname : undefined,
    hostNetwork: mode === 'host',
    hostPid: text(host.PidMode) === 'host',
    // 4.3 shows those of the host as shareable.
    hostIpc: text(host.IpcMode) === 'host' || command.all('ipc').includes('host'),
    sharePid: false,
    ports: portsOf(host.PortBindings),
    hostAliases: texts(host.ExtraHosts).map(aliasOf),
    dns: { servers: texts(host.Dns), searches: texts(host.DnsSearch), options: texts(host.DnsOptions) },
    sysctls: command.all('sysctl'),
    labels: {},
    unsaid: [
      ...foreign,
      ...networksOf(Object.keys(record(record(NetworkSettings).Networks)), [
        ...command.all('ip'),
        ...command.all('ip6'),
      ]),
    ],
  };
}

function withoutUnit({
  [unitLabel]: _,
  ...labels
}: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return labels;
}

function networksOf(networks: readonly string[], addresses: readonly string[]): readonly string[] {
  return [
    ...networks.filter(name => !standardNetworks.includes(name)).map(name => `the network ${name}`),
    ...addresses.filter(address => address !== '').map(address => `the address ${address}`),
  ];
}

/** `80/tcp` to where it is published. */
function portsOf(bindings: Unread): readonly DesiredPort[] {
  const ports = Object.entries(record(bindings)).flatMap(([port, hosts]) => {
    const [containerPort = '', protocol = 'tcp'] = port.split('/');
    return list(hosts)
      .map(record)
      .map(({ HostIp, HostPort }) => ({
        hostIp: [undefined, '', '0.0.0.0'].includes(text(HostIp)) ? undefined : text(HostIp),
        hostPort: Number(text(HostPort)),
        containerPort: Number(containerPort),
        protocol: protocol as DesiredPort['protocol'],
      }));
  });
  return ports.toSorted((a, b) => a.hostPort - b.hostPort || a.protocol.localeCompare(b.protocol));
}

/** `db.example:10.0.0.9`: a name holds no colon, an address of IPv6 does. */
function aliasOf(entry: string): { readonly name: string; readonly ip: string } {
  const at = entry.indexOf(':');
  return { name: entry.slice(0, at), ip: entry.slice(at + 1) };
}

function volumeOf(value: Unread): HandVolume {
  const { Driver, Labels, Options } = record(value);
  return { driver: text(Driver), labels: textRecord(Labels), options: textRecord(Options) };
}

function byAge(a: Unread, b: Unread): number {
  const [one, other] = [text(record(a).Created), text(record(b).Created)];
  return one < other ? -1 : one > other ? 1 : 0;
}
