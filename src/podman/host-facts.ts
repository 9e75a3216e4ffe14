import { access, constants, readdir, readFile, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { getuid } from 'node:process';

/** What a host is like, as far as it decides how Podman must be configured. */
export interface HostFacts {
  /** `hybrid`: controllers on v1, with a v2 hierarchy mounted beside them. */
  readonly cgroup: 'v1' | 'hybrid' | 'v2';
  /** systemd is the init system (sd_booted(3)). */
  readonly systemd: boolean;
  /** A journal takes messages. */
  readonly journal: boolean;
  /** Names of OCI runtimes found: `crun`, `runc`. */
  readonly runtimes: readonly string[];
  /** Hard limits that containers of a service started here would have: Podman lowers nproc to kernel.pid_max for itself. */
  readonly limits: { readonly nofile: number; readonly nproc: number };
  /** CAP_SYS_RESOURCE: hard limits do not bind. */
  readonly canRaiseLimits: boolean;
  readonly rootless: boolean;
  readonly netavark: boolean;
  /** aardvark-dns: pods find each other by name. */
  readonly dns: boolean;
  /** The store was set up for CNI, which only a reset changes. */
  readonly usesCni: boolean;
  /** CNI's plugin for bridges is installed. */
  readonly bridgePlugin: boolean;
  /** What the host's containers.conf files set. */
  readonly configured: EngineSettings;
}

/** The settings of containers.conf that decide how containers start and what commands in them leave; absent means Podman's default. */
export interface EngineSettings {
  readonly runtime?: string;
  readonly cgroupManager?: string;
  readonly eventsLogger?: string;
  readonly logDriver?: string;
  readonly networkBackend?: string;
  readonly ulimits?: readonly string[];
  /** How long the monitor of an ended command stays, in seconds; 300 by default (containers.conf(5)). */
  readonly exitCommandDelay?: number;
}

/** Where to look; both come from the command line's view of the environment. */
export interface FactsOptions {
  /** The user's own configuration directory, `$XDG_CONFIG_HOME` or `~/.config`. */
  readonly configHome?: string;
  /** Directories of programs, as in `$PATH`. */
  readonly path?: string;
}

/** statfs(2): the type of a cgroup2 mount. */
const cgroup2Magic = 0x63677270;
/** capabilities(7): CAP_SYS_RESOURCE. */
const capSysResource = 24n;
const helperDirs = ['/usr/lib/podman', '/usr/libexec/podman', '/usr/local/libexec/podman', '/usr/local/lib/podman'];
/** containers.conf(5), cni_plugin_dirs. */
const pluginDirs = ['/usr/local/libexec/cni', '/usr/libexec/cni', '/usr/local/lib/cni', '/usr/lib/cni', '/opt/cni/bin'];
const programDirs = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Looks at this host. What cannot be read counts as absent. */
export async function readHostFacts(opts: FactsOptions = {}): Promise<HostFacts> {
  const programs = [...programDirs.split(':'), ...(opts.path ?? '').split(delimiter)].filter(dir => dir !== '');
  const [limits, pidMax, status, backend] = await Promise.all([
    text('/proc/self/limits'),
    text('/proc/sys/kernel/pid_max'),
    text('/proc/self/status'),
    text('/var/lib/containers/storage/defaultNetworkBackend'),
  ]);
  const runtimes = await Promise.all(
    ['crun', 'runc'].map(async name => ((await anyHas(programs, name)) ? [name] : [])),
  );
  return {
    cgroup: await cgroupLayout(),
    systemd: await exists('/run/systemd/system'),
    journal: await exists('/run/systemd/journal/socket'),
    runtimes: runtimes.flat(),
    limits: {
      nofile: hardLimit(limits, 'Max open files'),
      nproc: Math.min(hardLimit(limits, 'Max processes'), Number(pidMax) || Infinity),
    },
    canRaiseLimits: ((BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? '0'}`) >> capSysResource) & 1n) === 1n,
    rootless: (getuid?.() ?? 0) !== 0,
    netavark: await anyHas([...helperDirs, ...programs], 'netavark'),
    dns: await anyHas([...helperDirs, ...programs], 'aardvark-dns'),
    usesCni: backend.trim() === 'cni',
    bridgePlugin: await anyHas(pluginDirs, 'bridge'),
    configured: parseSettings(await hostConfig(opts.configHome)),
  };
}

async function cgroupLayout(): Promise<HostFacts['cgroup']> {
  if (await isCgroup2('/sys/fs/cgroup')) return 'v2';
  return (await isCgroup2('/sys/fs/cgroup/unified')) ? 'hybrid' : 'v1';
}

async function isCgroup2(path: string): Promise<boolean> {
  try {
    return (await statfs(path)).type === cgroup2Magic;
  } catch {
    return false;
  }
}

function hardLimit(limits: string, name: string): number {
  const line = limits.split('\n').find(line => line.startsWith(name));
  const hard = line?.slice(name.length).trim().split(/\s+/)[1];
  return hard === undefined || hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

/** The host's containers.conf files, the later ones deciding (containers.conf(5)). */
async function hostConfig(configHome: string | undefined): Promise<string> {
  const bases = ['/usr/share/containers', '/etc/containers', ...(configHome ? [join(configHome, 'containers')] : [])];
  const parts: string[] = [];
  for (const base of bases) {
    parts.push(await text(join(base, 'containers.conf')));
    const dropins = await readdir(join(base, 'containers.conf.d')).catch(() => []);
    for (const name of dropins.filter(name => name.endsWith('.conf')).sort()) {
      parts.push(await text(join(base, 'containers.conf.d', name)));
    }
  }
  return parts.join('\n');
}

/** Reads the few settings that matter here out of TOML; a setting given twice counts as last given. */
export function parseSettings(toml: string): EngineSettings {
  const one = (key: string): string | undefined =>
    [...toml.matchAll(new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*["']([^"']*)["']`, 'gm'))].at(-1)?.[1];
  const lists = [...toml.matchAll(/^[ \t]*default_ulimits[ \t]*=[ \t]*\[([^\]]*)\]/gm)];
  const ulimits = lists.at(-1)?.[1]?.matchAll(/["']([^"']+)["']/g);
  const delays = [...toml.matchAll(/^[ \t]*exit_command_delay[ \t]*=[ \t]*(\d+)/gm)];
  const delay = delays.at(-1)?.[1];
  const found = {
    exitCommandDelay: delay === undefined ? undefined : Number(delay),
    runtime: one('runtime'),
    cgroupManager: one('cgroup_manager'),
    eventsLogger: one('events_logger'),
    logDriver: one('log_driver'),
    networkBackend: one('network_backend'),
    ulimits: ulimits && [...ulimits].map(match => match[1]),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

async function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}

async function anyHas(dirs: readonly string[], name: string): Promise<boolean> {
  const found = await Promise.all(dirs.map(dir => exists(join(dir, name))));
  return found.includes(true);
}
