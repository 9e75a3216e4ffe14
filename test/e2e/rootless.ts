import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { chmod, chown, copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { engineConfig } from '../../src/podman/engine-config.ts';
import { readHostFacts } from '../../src/podman/host-facts.ts';
import { type After, busyboxImage, ended, ping, type Ran, run } from './host.ts';
import { eventually, program } from './podstead.ts';

/** A user of the test's own, with a rootless engine and the program. */
export interface RootlessHost {
  readonly source: string;
  podman(...args: string[]): Promise<Ran>;
  podstead(...args: string[]): Promise<Ran>;
  /** `podstead run` on the manifests; ended with the test. */
  start(): ChildProcess;
}

/**
 * Makes a user, its runtime directory and its Podman service, as hosts without systemd need it, and takes all of it
 * away after the test.
 */
export async function rootlessHost(t: After): Promise<RootlessHost> {
  const user = `pdr${randomInt(10_000, 99_999)}`;
  const made = await run('useradd', ['-m', user]);
  if (made.code !== 0) throw new Error(`Cannot make a user: ${made.stderr}`);
  const uid = Number((await run('id', ['-u', user])).stdout);
  const [home, runtime] = [`/home/${user}`, `/run/user/${uid}`];
  // slirp4netns and pasta open it as the user. The mode is udev's, and stays: tests in another root may be using it.
  await chmod('/dev/net/tun', 0o666);

  const socket = join(runtime, 'podman.sock');
  const env = ['PATH=/usr/bin:/bin:/usr/sbin:/sbin', `HOME=${home}`, `XDG_RUNTIME_DIR=${runtime}`, 'NO_COLOR=1'];
  const named = [...env, `CONTAINER_HOST=unix://${socket}`];
  const as = (words: readonly string[], more: readonly string[] = env): readonly string[] => {
    return ['--reuid', user, '--regid', user, '--init-groups', 'env', '-i', '-C', home, ...more, ...words];
  };
  const podman = (...args: string[]): Promise<Ran> => run('setpriv', as(['podman', ...args]));
  let service: ChildProcess | undefined;
  t.after(async () => {
    await podman('pod', 'rm', '-fa', '-t', '0');
    if (service !== undefined) await ended(service);
    // Monitors of commands and the pause process stay behind; all of the user's processes are the test's.
    const { stdout } = await run('ps', ['-u', user, '-o', 'pid=']);
    for (const pid of stdout.split('\n').map(Number)) if (pid > 1) killed(pid);
    await run('umount', ['-l', ...(await mountsBelow(home)), ...(await mountsBelow(runtime))]);
    await run('userdel', ['-r', user]);
    await run('rm', ['-rf', runtime]);
  });

  await mkdir(runtime, { recursive: true });
  const config = join(home, '.config/containers');
  await mkdir(config, { recursive: true });
  await writeFile(join(config, 'storage.conf'), '[storage]\ndriver="overlay"\n');
  await writeFile(join(config, 'containers.conf'), engineConfig(await readHostFacts()) ?? '');
  await cp(dirname(program), join(home, 'dist'), { recursive: true });
  const source = join(home, 'manifests');
  await mkdir(source);
  await run('chown', ['-R', `${user}:`, home, runtime]);
  await chmod(runtime, 0o700);

  const log = openSync(join(home, 'service.log'), 'a');
  const words = as(['podman', 'system', 'service', '--time=0', `unix://${socket}`]);
  service = spawn('setpriv', words, { stdio: ['ignore', log, log] });
  closeSync(log);
  await eventually(
    'the engine answers',
    () => ping({ socketPath: socket, path: '/_ping' }),
    answers => answers,
  );
  // Made where root alone may read: what podman reads is a copy of the user's.
  await busyboxImage(async (...args) => {
    const tar = join(home, 'image.tar');
    const from = args.at(-2) ?? '';
    await copyFile(from, tar);
    await chown(tar, uid, uid);
    return podman(...args.map(each => (each === from ? tar : each)));
  });
  const script = join(home, 'dist/podstead.cjs');
  const podstead = (...args: string[]): Promise<Ran> => run('setpriv', as([process.execPath, script, ...args], named));
  return {
    source,
    podman,
    podstead,
    start: () => {
      const agent = spawn('setpriv', as([process.execPath, script, 'run', source], named), { stdio: 'ignore' });
      t.after(() => ended(agent));
      return agent;
    },
  };
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

async function mountsBelow(dir: string): Promise<string[]> {
  const { stdout } = await run('cat', ['/proc/self/mounts']);
  return stdout
    .split('\n')
    .map(line => line.split(' ')[1] ?? '')
    .filter(point => point.startsWith(`${dir}/`))
    .reverse();
}
