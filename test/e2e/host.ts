import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer, isIP } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from 'tar';
import { engineConfig } from '../../src/podman/engine-config.ts';
import { readHostFacts } from '../../src/podman/host-facts.ts';
import { removeTree } from './remove-tree.ts';

/** What a harness needs of node:test's context: somewhere to hang its own clean-up. */
export interface After {
  after(fn: () => Promise<void>): void;
}

/** How one run of the podman command ended. */
export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** A real Podman of the test's own: its store, its networks, its service. */
export interface PrivatePodman {
  readonly socket: string;
  readonly url: string;
  readonly root: string;
  readonly runroot: string;
  readonly tmpdir: string;
  /** HOME of the service and of podman: `.config/containers/auth.json` is looked for there. */
  readonly home: string;
  readonly containersConf: string;
  /** Global arguments of podman that name this store. */
  readonly storeArgs: readonly string[];
  /** Environment in which podman finds this engine's configuration. */
  readonly env: Readonly<Record<string, string>>;
  /** Pid of the service. */
  readonly pid: () => number;
  /** Runs podman against this store; never throws for an exit code. */
  podman(...args: string[]): Promise<Ran>;
  /** Ends the service, as a crash or an upgrade does; containers live on. */
  stopService(): Promise<void>;
  startService(): Promise<void>;
}

/**
 * Starts a private Podman (rootful) in a fresh directory and removes all of it after the test: containers, volumes,
 * mounts, the service.
 *
 * Private engines share one network namespace. Each has its own pool of subnets, but two at once may choose the
 * same name for a bridge, and rootful aardvark-dns keeps one directory for all of them, by network name: run files of
 * tests one after another.
 */
export async function privatePodman(t: After): Promise<PrivatePodman> {
  // Short, because the path of a unix socket must fit in 108 bytes.
  const dir = await mkdtemp(join(tmpdir(), 'pds-'));
  const paths = {
    root: join(dir, 'root'),
    runroot: join(dir, 'run'),
    tmpdir: join(dir, 'tmp'),
    networks: join(dir, 'net'),
    socket: join(dir, 'p.sock'),
    containersConf: join(dir, 'containers.conf'),
    registriesConf: join(dir, 'registries.conf'),
  };
  for (const path of [paths.root, paths.runroot, paths.tmpdir, paths.networks]) await mkdir(path, { recursive: true });
  await writeFile(paths.containersConf, withOwnSubnets(engineConfig(await readHostFacts()) ?? ''));
  const storeArgs = ['--root', paths.root, '--runroot', paths.runroot, '--tmpdir', paths.tmpdir].concat([
    '--network-config-dir',
    paths.networks,
  ]);
  // Registries of tests speak plain HTTP on loopback; the prefix fits every port.
  await writeFile(paths.registriesConf, '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n');
  // A home of its own, for credentials that somebody keeps there.
  const env = {
    CONTAINERS_CONF: paths.containersConf,
    CONTAINERS_REGISTRIES_CONF: paths.registriesConf,
    HOME: dir,
    // Podman 5 warns with each command on a host with version 1.
    PODMAN_IGNORE_CGROUPSV1_WARNING: '1',
  };
  const podman = (...args: string[]): Promise<Ran> => run('podman', [...storeArgs, ...args], env);

  let service: ChildProcess | undefined;
  await forgetNames();
  const startService = async (): Promise<void> => {
    const log = openSync(join(dir, 'service.log'), 'a');
    const args = [...storeArgs, 'system', 'service', '--time=0', `unix://${paths.socket}`];
    // Podman 4.3's conmon leaves a file "oom" in the directory that the engine was started in.
    const place = { env: { ...process.env, ...env }, cwd: dir } as const;
    service = spawn('podman', args, { ...place, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    await answers({ socketPath: paths.socket, path: '/_ping' }, () => readFileSync(join(dir, 'service.log'), 'utf8'));
  };
  const stopService = async (): Promise<void> => {
    if (service !== undefined) await ended(service);
    service = undefined;
  };
  t.after(async () => {
    await podman('pod', 'rm', '-fa', '-t', '0');
    await podman('rm', '-fa', '-t', '0');
    await podman('volume', 'rm', '-fa');
    await stopService();
    // Conmon runs `podman container cleanup` a moment after a container's end, which mounts the store once more.
    await removeTree(dir, () => unmountUnder(dir));
  });
  await startService();
  const pid = (): number => service?.pid ?? 0;
  const { root, runroot, socket, containersConf } = paths;
  const url = `unix://${socket}`;
  return {
    socket,
    url,
    root,
    runroot,
    tmpdir: paths.tmpdir,
    home: dir,
    containersConf,
    storeArgs,
    env,
    pid,
    podman,
    stopService,
    startService,
  };
}

/** Where rootful netavark keeps what aardvark-dns tells, a file for each network name, whichever engine has the network. */
const namesDirectory = '/run/containers/networks/aardvark-dns';

/**
 * Removes what an engine that was killed left there: a network of the same name would be told at the address of the old
 * one, which nothing has any more, and find no names.
 */
async function forgetNames(): Promise<void> {
  const addresses = new Set(
    Object.values(networkInterfaces()).flatMap(all => (all ?? []).map(({ address }) => address)),
  );
  for (const name of await readdir(namesDirectory).catch(() => [])) {
    const path = join(namesDirectory, name);
    const [gateway = ''] = (await readFile(path, 'utf8').catch(() => '')).split(/[\s,]/);
    if (isIP(gateway) !== 0 && !addresses.has(gateway)) await rm(path, { force: true });
  }
}

/** Subnets of the engine's own: the default pool is shared by every engine on the host. */
function withOwnSubnets(conf: string): string {
  const pool = `default_subnet_pools = [{ "base" = "10.${randomInt(128, 250)}.${randomInt(0, 16) * 16}.0/20", "size" = 24 }]`;
  return conf.includes('[network]') ? conf.replace('[network]', `[network]\n${pool}`) : `${conf}\n[network]\n${pool}\n`;
}

/** Ends a command that hangs, in ms: a test fails by it, where it would stop the whole run. */
export const commandLimitMs = 180_000;

/** Runs a command to its end. One that hangs is killed, and says so. */
export function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  timeout: number = commandLimitMs,
): Promise<Ran> {
  return new Promise(resolve => {
    const limits = { maxBuffer: 64 * 2 ** 20, timeout, killSignal: 'SIGKILL' } as const;
    execFile(file, args, { env: { ...process.env, ...env }, ...limits }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      const hung = error?.killed === true ? `\nKilled, as it took more than ${timeout / 1000} s` : '';
      resolve({ stdout, stderr: `${stderr}${hung}`, code });
    });
  });
}

/** Waits until a service answers; throws with its log after 10 s. */
async function answers(options: Parameters<typeof ping>[0], log: () => string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await ping(options)) return;
    await sleep(25);
  }
  throw new Error(`Cannot start a service:\n${log()}`);
}

/** Whether a GET is answered with 200. */
export function ping(options: { socketPath?: string; port?: number; host?: string; path: string }): Promise<boolean> {
  return new Promise(resolve => {
    const request = get({ ...options, timeout: 2000 }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

/** Ends a child and waits for it: first SIGTERM, SIGKILL after 5 s. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exit;
  clearTimeout(timer);
}

/** Podman leaves its store bind-mounted on itself, and mounts of containers that a failed test left. */
async function unmountUnder(dir: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const points = mounts.map(line => line.split(' ')[1] ?? '').filter(point => point.startsWith(`${dir}/`));
  for (const point of points.reverse()) await run('umount', ['-l', point]);
}

/** Stops on SIGTERM at once, with exit code 0. */
const idleCommand = ['/bin/sh', '-c', "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait; done"];

/**
 * Makes a small image from the host's static busybox, without a container or a registry: every applet in /bin, users
 * root and app (1000), a command that idles until SIGTERM.
 *
 * @returns the image's id
 */
export async function busyboxImage(podman: PrivatePodman['podman'], name = 'localhost/bb:1'): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pdi-'));
  const root = join(dir, 'root');
  try {
    for (const path of ['bin', 'etc', 'tmp', 'srv']) await mkdir(join(root, path), { recursive: true });
    await chmod(join(root, 'tmp'), 0o1777);
    await copyFile('/bin/busybox', join(root, 'bin/busybox'));
    const applets = (await run('/bin/busybox', ['--list'])).stdout.split('\n').filter(applet => /^\w+$/.test(applet));
    for (const applet of applets) if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n');
    await writeFile(join(root, 'etc/group'), 'root:x:0:\napp:x:1000:\n');
    await create({ cwd: root, file: join(dir, 'root.tar'), portable: true }, ['.']);
    const changes = ['ENV PATH=/bin', `CMD ${JSON.stringify(idleCommand)}`].flatMap(change => ['--change', change]);
    const made = await podman('import', '--quiet', ...changes, join(dir, 'root.tar'), name);
    if (made.code !== 0) throw new Error(`Cannot make image "${name}": ${made.stderr}`);
    return made.stdout.trim().replace(/^sha256:/, '');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A registry of the test's own on loopback. */
export interface Registry {
  /** `127.0.0.1:PORT`, which private engines take without TLS. */
  readonly host: string;
  stop(): Promise<void>;
}

/**
 * Starts Debian's docker-registry on a free port of loopback. With `htpasswd`, it lets only that user in; with
 * `deletes`, images can be deleted from it.
 */
export async function registry(
  t: After,
  opts: { readonly htpasswd?: { readonly user: string; readonly password: string }; readonly deletes?: true } = {},
): Promise<Registry> {
  const dir = await mkdtemp(join(tmpdir(), 'pdr-'));
  const port = await freePort();
  const auth =
    opts.htpasswd === undefined ? '' : `auth:\n  htpasswd:\n    realm: test\n    path: ${join(dir, 'htpasswd')}\n`;
  if (opts.htpasswd !== undefined) {
    const { user, password } = opts.htpasswd;
    // bcrypt, the one hash that the registry takes; perl has crypt(3) on every Debian.
    const hash = await run('perl', ['-e', 'print crypt($ENV{PW}, q($2b$05$abcdefghijklmnopqrstuu))'], { PW: password });
    await writeFile(join(dir, 'htpasswd'), `${user}:${hash.stdout}\n`);
  }
  const config = `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${join(dir, 'data')}\n  delete:\n    enabled: ${opts.deletes ?? false}\nhttp:\n  addr: 127.0.0.1:${port}\n${auth}`;
  await writeFile(join(dir, 'config.yml'), config);
  const log = openSync(join(dir, 'log'), 'a');
  const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: ['ignore', log, log] });
  closeSync(log);
  const stop = (): Promise<void> => ended(child);
  t.after(async () => {
    await stop();
    await rm(dir, { recursive: true, force: true });
  });
  await answers({ host: '127.0.0.1', port, path: '/' }, () => readFileSync(join(dir, 'log'), 'utf8'));
  return { host: `127.0.0.1:${port}`, stop };
}

/** A port of loopback that nothing has at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
