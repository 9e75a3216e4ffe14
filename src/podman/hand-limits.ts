import type { HandContainer } from '../model/hand.ts';
import type { CreateCommand } from './create-command.ts';
import { list, number, record, text, type Unread } from './json.ts';

/** What Podman gives where nothing is said (containers.conf(5)). */
const standard = { pids: 2048, shmBytes: 65_536_000, umask: '0022' } as const;
const sharesPerCpu = 1024;

type HandLimits = Pick<HandContainer, 'resources' | 'pidsLimit' | 'cpus' | 'memoryNodes' | 'ulimits' | 'unsaid'>;

/** The limits of a container that differ from what the engine gives anyway. */
export function readHandLimits(container: Unread, command: CreateCommand): HandLimits {
  const host = record(record(container).HostConfig);
  const { Memory, MemoryReservation, CpuQuota, CpuPeriod, CpuShares, PidsLimit, CpusetCpus, CpusetMems } = host;
  const [memory, pids] = [number(Memory), number(PidsLimit)];
  return {
    resources: {
      cpuLimitMilli:
        number(CpuQuota) > 0 ? Math.round((number(CpuQuota) * 1000) / (number(CpuPeriod) || 100_000)) : undefined,
      cpuRequestMilli: number(CpuShares) > 0 ? Math.round((number(CpuShares) * 1000) / sharesPerCpu) : undefined,
      memoryLimitBytes: memory > 0 ? memory : undefined,
      memoryRequestBytes: number(MemoryReservation) > 0 ? number(MemoryReservation) : undefined,
    },
    pidsLimit: pids === 0 || pids === standard.pids ? undefined : pids,
    cpus: text(CpusetCpus) || undefined,
    memoryNodes: text(CpusetMems) || undefined,
    ulimits: command.all('ulimit').filter(limit => limit !== 'host'),
    unsaid: oddities(container, memory, command),
  };
}

function oddities(container: Unread, memory: number, command: CreateCommand): readonly string[] {
  const { HostConfig, Config } = record(container);
  const { MemorySwap, OomScoreAdj, ShmSize, BlkioWeight, Devices, AutoRemove, OomKillDisable, Privileged } =
    record(HostConfig);
  const { Umask, Timezone, Timeout } = record(Config);
  const swap = number(MemorySwap);
  const found: readonly (readonly [boolean, string])[] = [
    [swap !== 0 && swap !== memory && swap !== 2 * memory, `the limit of swap, ${swap} bytes with the memory`],
    [number(OomScoreAdj) !== 0, `the OOM score ${number(OomScoreAdj)}`],
    [OomKillDisable === true, 'that it is not killed when memory runs out'],
    [number(ShmSize) > 0 && number(ShmSize) !== standard.shmBytes, `the size of /dev/shm, ${number(ShmSize)} bytes`],
    [number(BlkioWeight) !== 0, `the block I/O weight ${number(BlkioWeight)}`],
    [!['', standard.umask].includes(text(Umask)), `the umask ${text(Umask)}`],
    [text(Timezone) !== '', `the time zone ${text(Timezone)}`],
    [number(Timeout) > 0, `that it ends after ${number(Timeout)} s`],
    [AutoRemove === true, 'that it is removed when it ends'],
  ];
  // None is shown of a privileged container, which has them all.
  const shown = Privileged === true ? command.all('device') : list(Devices).map(each => text(record(each).PathOnHost));
  const devices = shown.map(device => `the device ${device}`);
  return [...found.flatMap(([is, what]) => (is ? [what] : [])), ...devices];
}

/** What only the command tells, and a manifest cannot say. */
export function readHandFlags(command: CreateCommand): readonly string[] {
  const told: Readonly<Record<string, string>> = {
    'log-driver': 'the log driver',
    'log-opt': 'the log option',
    requires: 'that it needs the containers',
    sdnotify: 'how it tells systemd',
    'mac-address': 'the MAC address',
    'cgroup-parent': 'the parent control group',
    'network-alias': 'the name on its network',
  };
  const flags = Object.entries(told).flatMap(([flag, what]) => command.all(flag).map(value => `${what} ${value}`));
  const mounted = command.all('mount').filter(mount => mount.includes('type=image'));
  return [...flags, ...mounted.map(mount => `the image mounted by ${mount}`)];
}
