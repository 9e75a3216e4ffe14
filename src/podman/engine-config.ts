import type { EngineSettings, HostFacts } from './host-facts.ts';

/** What Podman asks for when nothing is configured: 1048576 for both (containers.conf(5), default_ulimits). */
const podmanWants = 1048576;

/**
 * The containers.conf under which a Podman service works on this host; undefined where the host's own settings do.
 *
 * Found on Debian 12 and 13: crun refuses a cgroup v1 or hybrid host whose v2 side has controllers, the systemd cgroup
 * manager needs systemd, journald events and logs need a journal, and default ulimits above the hard limit make every
 * start fail without CAP_SYS_RESOURCE.
 */
export function engineConfig(host: HostFacts): string | undefined {
  const mends = settingsFor(host);
  if (Object.keys(mends).length === 0) return undefined;
  // CONTAINERS_CONF replaces the host's files in 4.3: what they say and what works is repeated.
  const all: EngineSettings = { ...host.configured, ...mends };
  const engine = lines([
    ['runtime', all.runtime],
    ['cgroup_manager', all.cgroupManager],
    ['events_logger', all.eventsLogger],
    ['exit_command_delay', all.exitCommandDelay],
  ]);
  const containers = lines([
    ['default_ulimits', all.ulimits],
    ['log_driver', all.logDriver],
  ]);
  const network = lines([
    ['network_backend', all.networkBackend ?? (host.netavark && !host.usesCni ? 'netavark' : undefined)],
  ]);
  return `[engine]\n${engine}\n[containers]\n${containers}\n[network]\n${network}`;
}

/** The settings that must differ from what the host has now; empty where all of it works. */
export function settingsFor(host: HostFacts): EngineSettings {
  const { configured } = host;
  return {
    ...(needsRunc(host) ? { runtime: 'runc' } : {}),
    ...(!host.systemd && configured.cgroupManager !== 'cgroupfs' ? { cgroupManager: 'cgroupfs' } : {}),
    ...(!host.journal && configured.eventsLogger !== 'file' ? { eventsLogger: 'file' } : {}),
    ...(!host.journal && (configured.logDriver ?? 'journald') === 'journald' ? { logDriver: 'k8s-file' } : {}),
    ...(needsUlimits(host)
      ? { ulimits: [ulimit('nofile', host.limits.nofile), ulimit('nproc', host.limits.nproc)] }
      : {}),
  };
}

function needsRunc({ cgroup, runtimes, configured }: HostFacts): boolean {
  if (cgroup === 'v2' || !runtimes.includes('runc')) return false;
  const used = configured.runtime ?? (runtimes.includes('crun') ? 'crun' : 'runc');
  return used.endsWith('crun');
}

/** Rootless Podman lowers its defaults to what it has by itself. */
function needsUlimits({ limits, canRaiseLimits, rootless, configured }: HostFacts): boolean {
  if (rootless || canRaiseLimits || configured.ulimits !== undefined) return false;
  return limits.nofile < podmanWants || limits.nproc < podmanWants;
}

function ulimit(name: string, hard: number): string {
  const value = Math.min(hard, podmanWants);
  return `${name}=${value}:${value}`;
}

type Setting = readonly [key: string, value: string | number | readonly string[] | undefined];

/** JSON strings, numbers and arrays of them are TOML. */
function lines(settings: readonly Setting[]): string {
  return settings.map(([key, value]) => (value === undefined ? '' : `${key} = ${JSON.stringify(value)}\n`)).join('');
}
