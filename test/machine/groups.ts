import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../e2e/host.ts';

/** Where a boot of a machine has its control groups. */
export interface Groups {
  /** Go before the command that boots it: it starts in them. None where it starts in those of this process. */
  readonly words: readonly string[];
  /** Takes away what the machine leaves, once all of its processes have ended. */
  remove(): Promise<void>;
}

/** Where control groups are mounted, and the line of /proc/self/cgroup that is of them: version 2, alone and beside version 1, and 1. */
const tops = [
  { top: '/sys/fs/cgroup', line: /^0::(\/.*)$/m },
  { top: '/sys/fs/cgroup/unified', line: /^0::(\/.*)$/m },
  { top: '/sys/fs/cgroup/systemd', line: /^\d+:name=systemd:(\/.*)$/m },
];

/** What nspawn makes in the group that it is started in: the machine is in the first, and itself in the second. */
const leftovers = ['payload', 'supervisor'];

/** systemd starts each nspawn in a scope of its own; where it is not the first process, nobody does. */
export const hasSystemd = (): boolean => existsSync('/run/systemd/system');

/** Begins the name of each group of ours; the process that made it and a number follow. */
const prefix = 'podstead-machine-';
let made = 0;

/**
 * Groups of its own for one boot, so that several machines can run at once; those of this process where none can be made,
 * in which there is room for one machine.
 */
export async function machineGroups(): Promise<Groups> {
  const own = hasSystemd() ? [] : await makeGroups();
  if (own.length > 0) return { words: startIn(own), remove: () => removeAll(own) };
  // What a machine left whose test was killed would let no other in.
  await removeAll(sharedLeftovers().filter(isEmpty));
  const kept = sharedLeftovers();
  return { words: [], remove: () => removeAll(sharedLeftovers().filter(path => !kept.includes(path))) };
}

/** Whether machines do not come into each other's way here. */
export async function canRunSeveral(): Promise<boolean> {
  if (hasSystemd()) return true;
  const own = await makeGroups();
  await removeAll(own);
  return own.length > 0;
}

/** Makes a group in each hierarchy that takes processes; none at all where one of them lets nothing in. */
async function makeGroups(): Promise<readonly string[]> {
  made += 1;
  const name = `${prefix}${process.pid}-${made}`;
  const own: string[] = [];
  try {
    for (const parent of ownGroups()) {
      await sweep(parent);
      await passControllersOn(parent);
      const group = join(parent, name);
      await mkdir(group);
      own.push(group);
    }
    const [file = '', ...words] = [...startIn(own), 'true'];
    if ((await run(file, words)).code === 0) return own;
  } catch {
    // A file system that is read-only, or a hierarchy that is not ours to change.
  }
  await removeAll(own);
  return [];
}

/** The directories of this process's groups. */
function ownGroups(): readonly string[] {
  const text = readFileSync('/proc/self/cgroup', 'utf8');
  return tops
    .flatMap(({ top, line }) => {
      const path = line.exec(text)?.[1];
      return path === undefined || path.startsWith('/..') ? [] : [join(top, path)];
    })
    .filter(group => existsSync(join(group, 'cgroup.procs')));
}

/** As nspawn does it in its own group, cgroups(7): each controller that may, of those that there are in version 2. */
async function passControllersOn(group: string): Promise<void> {
  const controllers = (await readFile(join(group, 'cgroup.controllers'), 'utf8').catch(() => '')).trim();
  for (const controller of controllers.split(' ').filter(name => name !== ''))
    await writeFile(join(group, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
}

/** Words that run a command with the groups as its own. */
function startIn(groups: readonly string[]): readonly string[] {
  const script = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"';
  return ['sh', '-c', script, 'sh', ...groups, '--'];
}

/** Removes groups of processes that ended before they could. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await removeGroup(join(parent, name));
  }
}

function sharedLeftovers(): readonly string[] {
  return tops.flatMap(({ top }) => leftovers.map(name => join(top, name))).filter(path => existsSync(path));
}

/** Whether no process is in it or below, which version 2 alone tells. */
function isEmpty(group: string): boolean {
  const events = join(group, 'cgroup.events');
  return existsSync(events) && /^populated 0$/m.test(readFileSync(events, 'utf8'));
}

async function removeAll(groups: readonly string[]): Promise<void> {
  for (const group of groups) {
    await removeGroup(group);
    // The kernel counts a process as its group's for a moment after its end.
    for (let tries = 0; existsSync(group) && tries < 40; tries += 1) {
      await sleep(50);
      await removeGroup(group);
    }
  }
}

/** Files of control groups cannot be removed, only empty groups. */
async function removeGroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(path, entry.name));
  await rmdir(path).catch(() => undefined);
}
