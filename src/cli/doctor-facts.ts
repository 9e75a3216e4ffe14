import { access, constants, readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { appliedProbes } from '../model/applied.ts';
import type { PodRecord } from '../model/record.ts';
import type { EngineSettings, HostFacts } from '../podman/host-facts.ts';

/** What the checks of `doctor` look at; every value read once, so that checks are plain functions. */
export interface DoctorFacts {
  readonly host: HostFacts;
  /** What must be configured otherwise than the host does, for containers to start. */
  readonly mends: EngineSettings;
  readonly engine: EngineFacts | { readonly failure: string; readonly hint: string | undefined };
  readonly uid: number;
  readonly userName: string | undefined;
  /** The user's line in /etc/subuid and /etc/subgid. */
  readonly subordinate: { readonly uids: number; readonly gids: number };
  readonly lingers: boolean;
  readonly inotify: { readonly watches: number; readonly instances: number };
  /** Free bytes where the state is, and where the engine's images are. */
  readonly disk: readonly { readonly path: string; readonly freeBytes: number }[];
  readonly unitDirectory: { readonly path: string; readonly writable: boolean };
  /** Commands that the exec probes of what we keep come to. */
  readonly execsPerSecond: number;
}

/** As the engine's own `info` tells. */
export interface EngineFacts {
  readonly name: string;
  readonly version: string;
  readonly runtime: string;
  readonly cgroupManager: string;
  readonly cgroupVersion: string;
  /** Cgroup controllers that it may use. */
  readonly controllers: readonly string[];
  readonly eventLogger: string;
  readonly networkBackend: string;
  readonly graphRoot: string;
}

/** How many commands a second the exec probes in these records run. */
export function execsPerSecond(records: Iterable<PodRecord>): number {
  const probes = [...records].flatMap(({ applied }) =>
    Object.keys(applied?.containers ?? {}).flatMap(name => Object.values(appliedProbes(applied, name))),
  );
  return probes
    .filter(probe => probe?.handler.type === 'exec')
    .reduce((sum, probe) => sum + 1 / (probe?.periodSeconds ?? 1), 0);
}

/** The part of the facts that files tell. */
export async function readFiles(opts: {
  readonly uid: number;
  readonly userName: string | undefined;
  readonly stateDir: string;
  readonly graphRoot: string | undefined;
  readonly configHome: string;
}): Promise<Omit<DoctorFacts, 'host' | 'mends' | 'engine' | 'execsPerSecond' | 'uid' | 'userName'>> {
  const { uid, userName } = opts;
  const unitPath = uid === 0 ? '/etc/systemd/system' : `${opts.configHome}/systemd/user`;
  const [subuid, subgid, watches, instances, lingers, writable, ...disk] = await Promise.all([
    text('/etc/subuid'),
    text('/etc/subgid'),
    text('/proc/sys/fs/inotify/max_user_watches'),
    text('/proc/sys/fs/inotify/max_user_instances'),
    // loginctl enable-linger leaves a file here (logind.conf(5), systemd-logind).
    userName === undefined ? false : can(`/var/lib/systemd/linger/${userName}`, constants.F_OK),
    isWritable(unitPath),
    freeSpace(opts.stateDir),
    ...(opts.graphRoot === undefined ? [] : [freeSpace(opts.graphRoot)]),
  ]);
  return {
    subordinate: { uids: countIds(subuid, uid, userName), gids: countIds(subgid, uid, userName) },
    lingers,
    inotify: { watches: Number(watches), instances: Number(instances) },
    disk,
    unitDirectory: { path: unitPath, writable },
  };
}

/** subuid(5): `name-or-uid:first:count` a line. */
function countIds(text: string, uid: number, userName: string | undefined): number {
  const lines = text.split('\n').map(line => line.split(':'));
  const own = lines.filter(([who]) => who === String(uid) || (userName !== undefined && who === userName));
  return own.reduce((sum, [, , count]) => sum + Number(count ?? 0), 0);
}

/** Of the path, or of the nearest parent that exists: state is made when it is needed. */
async function freeSpace(path: string): Promise<{ readonly path: string; readonly freeBytes: number }> {
  const stat = await statfs(path).catch(() => undefined);
  if (stat !== undefined) return { path, freeBytes: stat.bavail * stat.bsize };
  const parent = dirname(path);
  return parent === path ? { path, freeBytes: 0 } : { ...(await freeSpace(parent)), path };
}

async function isWritable(path: string): Promise<boolean> {
  if (await can(path, constants.W_OK)) return true;
  const parent = dirname(path);
  return !(await can(path, constants.F_OK)) && parent !== path && isWritable(parent);
}

async function can(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

async function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
