import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../engine/engine.ts';
import { engineConfig } from './engine-config.ts';
import { readHostFacts } from './host-facts.ts';
import { openHttp } from './http.ts';
import { withLock } from './lock.ts';
import { ping } from './ping.ts';
import { endProcess, programVersion, runsService, spawnDetached } from './process.ts';

/** What the command line knows of where an engine may be, and where ours may put its files. */
export interface OpenOptions {
  /** `--engine`: then nothing else is tried. */
  readonly engine?: string | undefined;
  /** The environment, of which CONTAINER_HOST, CONTAINERS_CONF, PATH, HOME and the XDG directories count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For the socket and pid file of an engine that we start; gone after a reboot. */
  readonly runtimeDir: string;
  /** For its configuration and log; the same for every owner, and there at boot. */
  readonly configDir: string;
  /** Global arguments of podman, for another store than the user's own. The standard sockets are not looked at then. */
  readonly storeArgs?: readonly string[];
  /** Neither starts an engine nor takes one that we started earlier: under systemd it would end with the service. */
  readonly neverEmbed?: boolean;
  readonly signal: AbortSignal;
}

/** An engine that answers. */
export interface OpenedEngine {
  readonly socket: string;
  readonly url: string;
  /** Of its API, as its ping told it: "4.3.1". */
  readonly version: string;
  /** It is ours: started now or by an earlier run. */
  readonly started: boolean;
  /** Its configuration, where the host's own would not work: units must carry the same. */
  readonly containersConf?: string;
  /** Variables that tell podman commands and units the same. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it where it is ours; its containers live on. */
  stop(): Promise<void>;
}

const pingTimeoutMs = 3_000;
const startTimeoutMs = 20_000;

/**
 * Finds the engine: the one that is named (`--engine`, CONTAINER_HOST), else the standard socket where it answers, also
 * by systemd's activation, else one of our own, which is started if it does not run yet, at most one a runtime directory.
 *
 * @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_UNSUITABLE`
 */
export async function openEngine(opts: OpenOptions): Promise<OpenedEngine> {
  const named = opts.engine ?? opts.env.CONTAINER_HOST;
  if (named !== undefined && named !== '') {
    const socket = socketOf(named);
    return foreign(socket, await versionAt(socket, opts.signal));
  }
  for (const socket of opts.storeArgs === undefined ? standardSockets(opts.env, getuid?.() ?? 0) : []) {
    const version = await answer(socket, opts.signal);
    if (version !== undefined) return foreign(socket, version);
  }
  if (opts.neverEmbed === true) throw noneStands(getuid?.() ?? 0);
  return openOwn(opts);
}

function noneStands(uid: number): EngineError {
  const scope = uid === 0 ? '' : '--user ';
  return new EngineError(
    'ENGINE_UNREACHABLE',
    'Cannot find an engine: none answers at its usual socket, and a service does not start one of its own',
    { hint: `Run "systemctl ${scope}enable --now podman.socket"`, transient: true },
  );
}

/** Where Podman's own units listen, for root or for a user. */
export function standardSockets(env: OpenOptions['env'], uid: number): readonly string[] {
  if (uid === 0) return ['/run/podman/podman.sock'];
  return [join(env.XDG_RUNTIME_DIR || `/run/user/${uid}`, 'podman/podman.sock')];
}

/** The socket that a URL names. @throws EngineError `ENGINE_UNSUITABLE` for what is no socket of this host */
export function socketOf(url: string): string {
  const path = url.startsWith('/') ? url : /^unix:(?:\/\/)?(\/.+)$/.exec(url)?.[1];
  if (path !== undefined) return path;
  throw new EngineError('ENGINE_UNSUITABLE', `Cannot use engine "${url}": expected a unix socket of this host`, {
    hint: 'Give it as unix:///run/podman/podman.sock; the files and volumes of pods must be on the same host',
  });
}

function foreign(socket: string, version: string): OpenedEngine {
  return { socket, url: `unix://${socket}`, version, started: false, env: {}, stop: async () => undefined };
}

async function openOwn(opts: OpenOptions): Promise<OpenedEngine> {
  const { runtimeDir, signal } = opts;
  const socket = join(runtimeDir, 'engine.sock');
  await makeRuntimeDir(runtimeDir);
  const version =
    (await answer(socket, signal)) ??
    (await withLock(
      `podstead-engine ${runtimeDir}`,
      signal,
      // Another run may have started it while we waited for the lock.
      async () => (await answer(socket, signal)) ?? startOwn(opts, socket),
    ));
  const [variable, containersConf] = await configOf(opts);
  const given = opts.env.CONTAINERS_CONF ? { CONTAINERS_CONF: opts.env.CONTAINERS_CONF } : {};
  const env = containersConf === undefined ? given : { [variable]: containersConf };
  const stop = (): Promise<void> => stopOwn(runtimeDir, socket);
  return {
    socket,
    url: `unix://${socket}`,
    version,
    started: true,
    env,
    stop,
    ...(containersConf === undefined ? {} : { containersConf }),
  };
}

/** A user without a login session has no directory to put it in, and cannot make one. */
async function makeRuntimeDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('ENGINE_UNSUITABLE', `Cannot start an engine: no directory for its socket: ${reason}`, {
      hint: 'Run "sudo loginctl enable-linger USER" and log in anew, set XDG_RUNTIME_DIR, or run this as root',
      cause: error,
    });
  }
}

async function startOwn(opts: OpenOptions, socket: string): Promise<string> {
  const { runtimeDir, configDir: dir, storeArgs = [], signal } = opts;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const facts = await readHostFacts({ configHome: configHome(opts.env), path: opts.env.PATH ?? '' });
  const config = opts.env.CONTAINERS_CONF ? undefined : engineConfig(facts);
  const variable = config === undefined ? undefined : await configVariable(opts);
  for (const [name, file] of Object.entries(configFiles)) {
    if (config !== undefined && name === variable) await writeFile(join(dir, file), config);
    else await rm(join(dir, file), { force: true });
  }
  const env = {
    ...opts.env,
    ...(variable === undefined ? {} : { [variable]: join(dir, configFiles[variable]) }),
    // 5.x warns in each of its lines on cgroup v1.
    ...(facts.cgroup === 'v2' ? {} : { PODMAN_IGNORE_CGROUPSV1_WARNING: '1' }),
  };
  const log = join(dir, 'service.log');
  const out = openSync(log, 'w', 0o600);
  try {
    const child = spawnDetached(
      'podman',
      [...storeArgs, 'system', 'service', '--time=0', `unix://${socket}`],
      env,
      out,
    );
    const pid = await child.started.catch((error: unknown) => {
      throw new EngineError('ENGINE_UNREACHABLE', `Cannot start an engine: ${String(error)}`, {
        hint: 'Install podman',
        cause: error,
      });
    });
    await writeFile(join(runtimeDir, 'engine.pid'), `${pid}\n`);
    return await ready(socket, child.hasExited, log, signal);
  } finally {
    closeSync(out);
  }
}

async function ready(socket: string, hasExited: () => boolean, log: string, signal: AbortSignal): Promise<string> {
  const end = performance.now() + startTimeoutMs;
  while (performance.now() < end && !hasExited()) {
    const version = await answer(socket, signal);
    if (version !== undefined) return version;
    await sleep(10, undefined, { signal });
  }
  const words = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n');
  throw new EngineError(
    'ENGINE_UNREACHABLE',
    `Cannot start an engine: "podman system service" did not answer\n${words}`,
    {
      hint: 'Run "podstead doctor"',
      transient: true,
    },
  );
}

async function stopOwn(runtimeDir: string, socket: string): Promise<void> {
  const file = join(runtimeDir, 'engine.pid');
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  // The number may be another's by now.
  if (pid > 1 && (await runsService(pid, socket))) await endProcess(pid);
  await rm(file, { force: true });
}

/**
 * The variables that name a configuration, and our file for each: which one there is tells later runs what was chosen.
 * Before 5 there is only CONTAINERS_CONF, which replaces the host's files; the other one adds to them.
 */
const configFiles = {
  CONTAINERS_CONF: 'containers.conf',
  CONTAINERS_CONF_OVERRIDE: 'containers.override.conf',
} as const;

type ConfigVariable = keyof typeof configFiles;

async function configOf({ configDir }: OpenOptions): Promise<readonly [ConfigVariable, string | undefined]> {
  for (const variable of ['CONTAINERS_CONF', 'CONTAINERS_CONF_OVERRIDE'] as const) {
    const file = join(configDir, configFiles[variable]);
    const found = await readFile(file, 'utf8').catch(() => undefined);
    if (found !== undefined) return [variable, file];
  }
  return ['CONTAINERS_CONF', undefined];
}

async function configVariable({ env }: OpenOptions): Promise<ConfigVariable> {
  return (await programVersion('podman', env)) < 5 ? 'CONTAINERS_CONF' : 'CONTAINERS_CONF_OVERRIDE';
}

function configHome(env: OpenOptions['env']): string {
  return env.XDG_CONFIG_HOME || (env.HOME ? join(env.HOME, '.config') : '');
}

/** The version of what answers there; undefined where nothing does. */
async function answer(socket: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await versionAt(socket, signal);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

async function versionAt(socket: string, signal: AbortSignal): Promise<string> {
  const http = openHttp(socket);
  try {
    return await ping(http, { timeoutMs: pingTimeoutMs, signal });
  } finally {
    await http.close();
  }
}
