import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';

/** A process, from /proc/PID/stat (proc(5)). */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

/** A process that is being killed may fork once more. */
const rounds = 3;

/**
 * Kills a command that runs in a container, with all that it started: its session, as the runtime makes it the leader
 * of one, and what left the session but descends from it. Proven first by its control group, or by the monitor that is
 * its parent (rootless on cgroup v1 has no groups), so that neither a number that has passed to another process nor one
 * of another PID namespace does harm. A number stays taken while a session has it.
 *
 * @param ids what proves it: the ids of the container and of the engine's exec session
 * @returns false where it is not to be found from here
 */
export function endSession(pid: number, ids: readonly string[]): boolean {
  if (pid <= 1 || !isProven(pid, ids)) return false;
  endFamily(pid);
  return true;
}

/** Kills a process, its session and what descends from it; the caller has to know whose it is. */
export function endFamily(pid: number): void {
  for (let round = 0; round < rounds; round++) for (const each of familyOf(pid)) kill(each);
}

/**
 * Kills a command without the engine's word: the child of the monitor that has the engine's exec session in its
 * arguments (conmon(8), `--cuuid`).
 *
 * @returns false where it is not to be found from here
 */
export function endMonitored(session: string): boolean {
  const monitors = new Set(
    processes()
      .filter(({ pid }) => isMonitor(pid, session))
      .map(({ pid }) => pid),
  );
  const commands = processes().filter(({ parent }) => monitors.has(parent));
  return commands.filter(({ pid }) => endSession(pid, [session])).length > 0;
}

/** The first word of a process's command line: what it runs, or calls itself; empty for one that is gone. */
export function programOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).split('\0')[0] ?? '';
}

function isMonitor(pid: number, session: string): boolean {
  const [program = '', ...args] = read(`/proc/${pid}/cmdline`).split('\0');
  return program.endsWith('conmon') && args.includes(session);
}

/** Clock ticks a second; USER_HZ is 100 on every Linux that Node runs on (proc(5), time(7)). */
const ticks = 100;

/**
 * How long a command has been running, in milliseconds, as the kernel counts it; undefined where it is not to be found
 * from here, as it has ended, or where it is still the runtime that will become it.
 *
 * @param ids as of {@link endSession}
 */
export function ageOf(pid: number, ids: readonly string[]): number | undefined {
  return pid <= 1 || !isProven(pid, ids) || isRuntime(pid) ? undefined : runningMs(pid);
}

/** How long a process has been running, in milliseconds, as the kernel counts it; undefined for one that has ended. */
export function runningMs(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = Number(fields[19]);
  // It has ended, and its monitor has yet to notice.
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const uptime = Number(read('/proc/uptime').split(' ')[0]);
  return Number.isFinite(started) && stat !== '' ? uptime * 1000 - (started * 1000) / ticks : undefined;
}

/** runc runs itself as "init" inside the container, and becomes the command after that. */
function isRuntime(pid: number): boolean {
  return /^(runc|\/proc\/self\/exe|\/proc\/self\/fd\/\d+)\0init\0/.test(read(`/proc/${pid}/cmdline`));
}

function familyOf(pid: number): readonly number[] {
  const living = processes();
  const family = new Set([pid]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const each of living) if (each.session === pid || family.has(each.parent)) family.add(each.pid);
  }
  return living.filter(each => family.has(each.pid)).map(each => each.pid);
}

/**
 * Whether a process has the socket that is bound to a path, as the service of an engine has the one that it answers on,
 * whoever made that (proc(5): /proc/net/unix and /proc/PID/fd). False where it is not to be seen from here.
 */
export function hasSocket(pid: number, path: string): boolean {
  const paths = [path, real(path)];
  const inodes = read('/proc/net/unix')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(fields => paths.includes(fields[7] ?? ''))
    .map(fields => `socket:[${fields[6]}]`);
  try {
    const files = readdirSync(`/proc/${pid}/fd`);
    return files.some(name => inodes.includes(linkOf(`/proc/${pid}/fd/${name}`)));
  } catch {
    return false;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Empty for a file that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Those that run now, as far as they are seen from here. */
export function processes(): readonly Process[] {
  return readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
}

function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses, and may hold any character.
    const [, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(parent), session: Number(session) };
  } catch {
    return undefined;
  }
}

function isProven(pid: number, ids: readonly string[]): boolean {
  const parent = readProcess(pid)?.parent ?? 0;
  const facts = [`/proc/${pid}/cgroup`, `/proc/${parent}/cmdline`].map(read);
  return ids.some(id => id !== '' && facts.some(text => text.includes(id)));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
