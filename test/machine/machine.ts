import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type After, type Ran, run } from '../e2e/host.ts';
import { program } from '../e2e/podstead.ts';
import { removeTree } from '../e2e/remove-tree.ts';
import { hasSystemd, machineGroups } from './groups.ts';
import { machineRoot, type Release } from './machine-root.ts';

/** A Debian with a systemd of its own that can be booted, asked, and cut off its power. */
export interface Machine {
  /** Where its files are, seen from here. */
  readonly root: string;
  /** Runs a command as a service of its own, as all must that makes containers. */
  run(...argv: string[]): Promise<Ran>;
  /** The same; throws where it fails. Resolves to what it printed. */
  must(...argv: string[]): Promise<string>;
  /** Asks its systemd; throws where it fails. Resolves to what it printed. */
  systemctl(...argv: string[]): Promise<string>;
  /** Shuts it down in order; it stays so. */
  shutDown(): Promise<void>;
  /** Shuts it down in order and boots it again. */
  reboot(): Promise<void>;
  /** Ends all of it at once, and boots it again. */
  cutPower(): Promise<void>;
}

/** How long a boot or a shutdown may take, in ms. */
const patienceMs = 60_000;

/**
 * Makes a machine with this program as /usr/bin/podstead and boots it; it is gone after the test. One process runs one
 * at a time.
 *
 * @param prepare is given its root before the first boot
 */
export async function machine(
  t: After,
  debian: Release,
  prepare: (root: string) => Promise<void> = async () => undefined,
): Promise<Machine> {
  const tar = await machineRoot(debian);
  const dir = await mkdtemp(join(tmpdir(), 'pdm-'));
  const root = join(dir, 'root');
  let running: Running | undefined;
  // Where the test's process ends before its time: a machine must not outlive it.
  const onExit = (): void => {
    running?.kill();
    rmSync(dir, { recursive: true, force: true });
  };
  const onSignal = (): void => process.exit(1);
  process.once('exit', onExit).once('SIGINT', onSignal).once('SIGTERM', onSignal);
  t.after(async () => {
    process.removeListener('exit', onExit).removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
    await running?.end();
    await removeTree(dir);
  });
  await check('mkdir', root);
  await check(
    'tar',
    '--extract',
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
    '--file',
    tar,
    '--directory',
    root,
  );
  // A copy: what is built anew meanwhile must not vanish from under the agent.
  await check('cp', '--recursive', join(program, '..'), join(root, programDirectory));
  await check('ln', '-s', join(programDirectory, basename(program)), join(root, 'usr/bin/podstead'));
  await prepare(root);
  const console = join(dir, 'console');
  const again = async (): Promise<void> => {
    await running?.ended;
    running = await start(root, console, debian.title);
    await settled(running.enter, debian.title, () => readFileSync(console, 'utf8'));
  };
  const must = (argv: readonly string[], ran: Ran): string => printed(argv, ran, ` on ${debian.title}`);
  const inside = (...argv: string[]): Promise<Ran> => run('nsenter', [...(running?.enter ?? []), ...argv]);
  const inService = (...argv: string[]): Promise<Ran> =>
    inside('systemd-run', '--quiet', '--pipe', '--wait', '--collect', '--', ...argv);
  await again();
  return {
    root,
    run: inService,
    must: async (...argv) => must(argv, await inService(...argv)),
    systemctl: async (...argv) => must(['systemctl', ...argv], await inside('systemctl', '--no-pager', ...argv)),
    shutDown: async () => {
      running?.stop();
      await running?.ended;
    },
    reboot: async () => {
      running?.stop();
      await again();
    },
    cutPower: async () => {
      running?.kill();
      await again();
    },
  };
}

async function check(...argv: readonly [string, ...string[]]): Promise<void> {
  const [file, ...args] = argv;
  printed(argv, await run(file, args), '');
}

function printed(argv: readonly string[], { code, stdout, stderr }: Ran, where: string): string {
  if (code === 0) return stdout;
  throw new Error(`'${argv.join(' ')}' failed${where} with ${code}: ${stderr.trim() || stdout.trim()}`);
}

/** Where the machine finds the program. */
const programDirectory = '/usr/lib/podstead';

/** One boot of a machine. */
interface Running {
  /** Arguments of nsenter that lead into it. */
  readonly enter: readonly string[];
  readonly ended: Promise<void>;
  /** Asks its systemd to shut down, systemd(1) "Signals". */
  stop(): void;
  /** Kills its first process, and with it all others. Never nspawn itself: what it started would live on. */
  kill(): void;
  end(): Promise<void>;
}

async function start(root: string, console: string, title: string): Promise<Running> {
  const groups = await machineGroups();
  const [file = '', ...words] = [...groups.words, 'systemd-nspawn', ...nspawnArgs(root)];
  const log = openSync(console, 'a');
  const child = spawn(file, words, {
    env: { ...process.env, UNIFIED_CGROUP_HIERARCHY: 'yes' },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve())).then(() => groups.remove());
  const leader = await leaderOf(child, title, () => readFileSync(console, 'utf8'));
  const kill = (): void => signal(leader, 'SIGKILL');
  const enter = ['-t', String(leader), '-m', '-u', '-i', '-n', '-p', '-C', '--'];
  return {
    enter,
    ended,
    // Node knows no real-time signals by name: SIGRTMIN+4 is 38 with glibc, signal(7).
    stop: () => signal(leader, 38),
    kill,
    end: async () => {
      kill();
      await ended;
    },
  };
}

function signal(pid: number, name: NodeJS.Signals | number): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function nspawnArgs(root: string): readonly string[] {
  return [
    ...['--directory', root, `--machine=podstead-${process.pid}`, '--register=no', '--boot'],
    // Without a systemd on the host there is none that could make a scope.
    ...(hasSystemd() ? [] : ['--keep-unit']),
    ...['--private-network', '--resolv-conf=off', '--capability=all'],
    ...['--system-call-filter=@keyring', '--system-call-filter=bpf'],
    `--bind-ro=${process.execPath}:/usr/bin/node`,
  ];
}

/** nspawn's child that is the first process of the machine; before it there is one that only prepares it. */
async function leaderOf(nspawn: ChildProcess, title: string, log: () => string): Promise<number> {
  const { pid = 0 } = nspawn;
  return until(`${title} has a first process`, log, async () => {
    if (nspawn.exitCode !== null) {
      // A summary of failures shows the first line.
      const last = log().trim().split('\n').at(-1);
      throw new Error(`Cannot boot ${title}: nspawn ended with ${nspawn.exitCode}: ${last}\n${log()}`);
    }
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    return children.find(isFirstOfItsOwn);
  });
}

/** Whether a process is number 1 in a namespace below ours, proc(5) "NSpid". */
function isFirstOfItsOwn(pid: number): boolean {
  try {
    return /^NSpid:\t\d+\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // It has ended.
    return false;
  }
}

/** Waits until it has started all it starts at boot, whether all of that came up or not. */
async function settled(enter: readonly string[], title: string, log: () => string): Promise<void> {
  await until(`${title} has booted`, log, async () => {
    // Asked while its systemd only begins, systemctl may wait long.
    const { stdout } = await run('timeout', [
      '--signal=KILL',
      '3',
      'nsenter',
      ...enter,
      'systemctl',
      'is-system-running',
    ]);
    return ['running', 'degraded'].includes(stdout.trim()) || undefined;
  });
}

async function until<T>(what: string, log: () => string, probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}: ${log()}`);
    await sleep(50);
  }
}
