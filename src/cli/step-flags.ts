import { InvalidArgumentError, Option } from 'commander';
import type { StepHost } from '../model/build.ts';
import { listOption } from './list-option.ts';

/** What RUN steps get of the host; each as podman-build(1) has it. */
export interface StepFlags {
  readonly network?: string;
  readonly addHost?: readonly string[];
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOption?: readonly string[];
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly shmSize?: number;
  readonly ulimit?: readonly string[];
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
}

export function stepOptions(): readonly Option[] {
  const number = (flag: string, text: string): Option => new Option(flag, text).argParser(parseNumber);
  return [
    new Option('--network <MODE>', 'network of RUN steps: private, host, none, or the name of one'),
    listOption('--add-host <HOST:IP>', 'a line of /etc/hosts in RUN steps; may be given again'),
    listOption('--dns <ADDRESS>', 'a server of names for RUN steps; may be given again'),
    listOption('--dns-search <DOMAIN>', 'a domain that they look for short names in'),
    listOption('--dns-option <OPTION>', 'an option of resolv.conf(5) for them'),
    new Option('-m, --memory <SIZE>', 'memory that a RUN step may use, as in 512m').argParser(parseBytes),
    new Option('--memory-swap <SIZE>', 'the same with swap; -1 for as much as there is').argParser(parseSwap),
    number('--cpu-period <MICROSECONDS>', 'period of the CPU quota'),
    number('--cpu-quota <MICROSECONDS>', 'CPU time that a RUN step may use in a period'),
    number('--cpu-shares <COUNT>', 'its share where CPUs are short; 1024 is usual'),
    new Option('--cpuset-cpus <LIST>', 'CPUs that it may use, as in 0-1'),
    new Option('--cpuset-mems <LIST>', 'nodes of memory that it may use'),
    new Option('--shm-size <SIZE>', 'size of its /dev/shm').argParser(parseBytes),
    listOption('--ulimit <TYPE=SOFT[:HARD]>', 'a limit of its processes, as in nofile=1024; may be given again'),
    listOption('--cap-add <CAPABILITY>', 'a capability that it has beside the usual ones'),
    listOption('--cap-drop <CAPABILITY>', 'a capability that it does not have'),
  ];
}

/** Undefined where nothing is said. */
export function stepHostOf(flags: StepFlags): StepHost | undefined {
  const all: { readonly [K in keyof StepHost]: StepHost[K] | undefined } = {
    network: flags.network,
    hosts: flags.addHost,
    nameServers: flags.dns,
    searchDomains: flags.dnsSearch,
    resolverOptions: flags.dnsOption,
    memoryBytes: flags.memory,
    swapBytes: flags.memorySwap,
    cpuPeriodMicros: flags.cpuPeriod,
    cpuQuotaMicros: flags.cpuQuota,
    cpuShares: flags.cpuShares,
    cpus: flags.cpusetCpus,
    memoryNodes: flags.cpusetMems,
    shmBytes: flags.shmSize,
    limits: flags.ulimit,
    addCapabilities: flags.capAdd?.map(capability),
    dropCapabilities: flags.capDrop?.map(capability),
  };
  const said = Object.entries(all).filter(([, value]) => value !== undefined);
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

/** The engine wants the whole name, people write NET_ADMIN. */
function capability(name: string): string {
  const upper = name.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

function parseSwap(text: string): number {
  return text === '-1' ? -1 : parseBytes(text);
}

/** Bytes as podman-build(1) writes them: `512m` is of 1024 kilobytes of 1024 bytes. */
function parseBytes(text: string): number {
  const [, count, unit = 'b'] = /^(\d{1,15})([bkmg]?)$/i.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('Expected a size such as 512m or 2g');
  return Number(count) * 1024 ** 'bkmg'.indexOf(unit.toLowerCase() || 'b');
}

function parseNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number');
}
