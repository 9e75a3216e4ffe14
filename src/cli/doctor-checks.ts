import { bytes } from '../model/size.ts';
import { useNetavark } from '../podman/status.ts';
import type { DoctorFacts, EngineFacts } from './doctor-facts.ts';

/** What one check found. `mend` says what to do about a warning or a fault. */
export interface Finding {
  readonly name: string;
  readonly result: 'ok' | 'warn' | 'fail';
  readonly found: string;
  readonly mend: string | undefined;
}

type Check = (facts: DoctorFacts) => Finding | undefined;

/** Less than this is a fault, and less than ten times this a warning. */
const leastFreeBytes = 200e6;
/** chokidar takes one watch a file and directory (measured); Debian's default is above this. */
const leastWatches = 8192;
const leastInstances = 64;
/** containers.conf(5), exit_command_delay. */
const defaultDelaySeconds = 300;
/** Each is two processes of conmon, which hold about 3 MB together (4.3.1). */
const mostMonitors = 100;
/** Podman maps this many into a user namespace (newuidmap(1), useradd's default). */
const subordinateIds = 65_536;

/** Every check in the order in which a person mends. A check that does not concern this host says nothing. */
export function check(facts: DoctorFacts): readonly Finding[] {
  return checks.flatMap(one => one(facts) ?? []);
}

const checks: readonly Check[] = [
  engine,
  runtime,
  cgroups,
  controllers,
  ulimits,
  events,
  execProbes,
  network,
  dns,
  subordinate,
  lingering,
  inotify,
  disk,
  units,
];

function engine({ engine }: DoctorFacts): Finding {
  if ('failure' in engine) return fail('engine', engine.failure, engine.hint ?? 'Install Podman 4.3 or later (not 6)');
  return ok('engine', engine.name);
}

function runtime(facts: DoctorFacts): Finding {
  const { host, mends } = facts;
  const used = engineOf(facts)?.runtime ?? mends.runtime ?? host.configured.runtime ?? host.runtimes[0];
  if (used === undefined) return fail('runtime', 'no OCI runtime found', 'Install runc or crun: apt-get install runc');
  if (host.cgroup === 'hybrid' && used.includes('crun')) {
    return fail(
      'runtime',
      `${used} with cgroups in hybrid layout: crun refuses it`,
      configure('engine', 'runtime = "runc"'),
    );
  }
  return ok('runtime', used);
}

function cgroups(facts: DoctorFacts): Finding {
  const { host, mends } = facts;
  const manager = engineOf(facts)?.cgroupManager ?? mends.cgroupManager ?? host.configured.cgroupManager ?? 'systemd';
  const found = `${host.cgroup}, manager ${manager}`;
  if (manager === 'systemd' && !host.systemd) {
    return fail(
      'cgroups',
      `${found}, but systemd does not run here`,
      configure('engine', 'cgroup_manager = "cgroupfs"'),
    );
  }
  if (host.rootless && host.cgroup !== 'v2') {
    return warn(
      'cgroups',
      `${found}: limits of rootless pods have no effect`,
      'Boot with systemd.unified_cgroup_hierarchy=1, or run as root',
    );
  }
  return ok('cgroups', found);
}

function ulimits({ host, mends }: DoctorFacts): Finding {
  const { nofile, nproc } = host.limits;
  const found = `nofile ${nofile}, nproc ${nproc}`;
  if (mends.ulimits === undefined) return ok('ulimits', found);
  const list = mends.ulimits.map(limit => `"${limit}"`).join(', ');
  const line = configure('containers', `default_ulimits = [${list}]`);
  return warn('ulimits', `${found}: below what Podman asks for; a service of podstead's own copes`, line);
}

function events(facts: DoctorFacts): Finding | undefined {
  const backend = engineOf(facts)?.eventLogger;
  if (backend === undefined) return undefined;
  if (backend === 'none') {
    return warn(
      'events',
      'none: what happens to pods is seen only at the next look',
      configure('engine', 'events_logger = "file"'),
    );
  }
  if (backend === 'journald' && !facts.host.journal) {
    return fail('events', 'journald, but no journal runs here', configure('engine', 'events_logger = "file"'));
  }
  return ok('events', backend);
}

function execProbes({ execsPerSecond, host }: DoctorFacts): Finding | undefined {
  if (execsPerSecond === 0) return undefined;
  const { exitCommandDelay = defaultDelaySeconds } = host.configured;
  const monitors = Math.round(execsPerSecond * exitCommandDelay);
  const found = `${execsPerSecond.toFixed(1)} commands a second, each with a monitor for ${exitCommandDelay} s after it: about ${monitors}`;
  if (monitors <= mostMonitors) return ok('exec probes', found);
  return warn('exec probes', found, configure('engine', 'exit_command_delay = 10'));
}

function network(facts: DoctorFacts): Finding {
  const backend = engineOf(facts)?.networkBackend ?? (facts.host.usesCni ? 'cni' : 'netavark');
  if (backend === 'cni') {
    const mend = `${facts.host.netavark ? '' : 'apt-get install netavark aardvark-dns. '}${useNetavark}`;
    return facts.host.bridgePlugin
      ? warn('network', 'cni: pods do not find each other by name', mend)
      : fail('network', 'cni, whose plugins are not installed: no pod with a network starts', mend);
  }
  if (!facts.host.netavark) return fail('network', 'netavark is not installed', 'apt-get install netavark');
  return ok('network', backend);
}

function dns({ host }: DoctorFacts): Finding {
  if (host.dns) return ok('dns', 'aardvark-dns');
  return warn(
    'dns',
    'aardvark-dns is not installed: pods do not find each other by name',
    'apt-get install aardvark-dns',
  );
}

function subordinate({ uid, userName, subordinate: { uids, gids } }: DoctorFacts): Finding | undefined {
  if (uid === 0) return undefined;
  const found = `${uids} uids, ${gids} gids`;
  if (Math.min(uids, gids) >= subordinateIds) return ok('subuids', found);
  const mend = `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${userName ?? uid}`;
  return Math.min(uids, gids) === 0 ? fail('subuids', found, mend) : warn('subuids', found, mend);
}

function lingering({ uid, userName, lingers, host }: DoctorFacts): Finding | undefined {
  if (uid === 0 || !host.systemd) return undefined;
  if (lingers) return ok('lingering', 'on');
  return warn('lingering', 'off: pods end when you log out', `loginctl enable-linger ${userName ?? uid}`);
}

/** On version 1, limits of users have no effect, which `cgroups` says; on version 2 a start with one fails. */
function controllers(facts: DoctorFacts): Finding | undefined {
  const found = engineOf(facts);
  if (found === undefined || found.cgroupVersion !== 'v2') return undefined;
  const lacking = ['cpu', 'memory', 'pids'].filter(controller => !found.controllers.includes(controller));
  if (lacking.length === 0) return ok('controllers', found.controllers.join(' '));
  return warn(
    'controllers',
    `the engine has none for ${lacking.join(', ')}: containers with such limits do not start`,
    facts.host.rootless
      ? 'Set Delegate=cpu cpuset io memory pids in a drop-in of user@.service'
      : 'Boot with systemd.unified_cgroup_hierarchy=1, or leave such limits out',
  );
}

function inotify({ inotify: { watches, instances } }: DoctorFacts): Finding {
  const found = `${watches} watches, ${instances} instances`;
  if (watches >= leastWatches && instances >= leastInstances) return ok('inotify', found);
  const mend = `sysctl fs.inotify.max_user_watches=${Math.max(watches, 65_536)} fs.inotify.max_user_instances=${Math.max(instances, 512)}`;
  return warn('inotify', `${found}: large sources are seen only at the next look`, mend);
}

function disk({ disk }: DoctorFacts): Finding {
  const found = disk.map(({ path, freeBytes }) => `${bytes(freeBytes)} free at ${path}`).join(', ');
  const least = Math.min(...disk.map(({ freeBytes }) => freeBytes));
  const mend = 'Make room; `podman image prune` removes images that nothing uses';
  if (least < leastFreeBytes) return fail('disk', found, mend);
  return least < leastFreeBytes * 10 ? warn('disk', found, mend) : ok('disk', found);
}

function units({ unitDirectory: { path, writable }, host }: DoctorFacts): Finding {
  if (!host.systemd)
    return warn(
      'units',
      'systemd does not run here: nothing starts pods at boot',
      'Have your init system run `podstead run`',
    );
  if (!writable)
    return warn('units', `${path} is not writable`, `Write boot units elsewhere, or mend the rights of ${path}`);
  return ok('units', path);
}

function engineOf({ engine }: DoctorFacts): EngineFacts | undefined {
  return 'failure' in engine ? undefined : engine;
}

/** containers.conf(5). */
function configure(section: string, line: string): string {
  return `In containers.conf, under [${section}]: ${line}`;
}

function ok(name: string, found: string): Finding {
  return { name, result: 'ok', found, mend: undefined };
}

function warn(name: string, found: string, mend: string): Finding {
  return { name, result: 'warn', found, mend };
}

function fail(name: string, found: string, mend: string): Finding {
  return { name, result: 'fail', found, mend };
}
