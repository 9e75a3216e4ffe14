import type { Log } from '../log.ts';
import type { Actual, ActualContainer } from '../model/actual.ts';
import type { Key } from '../model/key.ts';
import { emptyDirName } from '../model/names.ts';
import type { PodRecord } from '../model/record.ts';
import { restartOf } from '../plan/backoff.ts';
import type { Adoptions } from '../podman/adopted.ts';
import type { PodmanEngine } from '../podman/engine.ts';
import type { OpenedEngine } from '../podman/service.ts';
import type { ImageMemory } from '../reconcile/older.ts';
import type { GuardMemory } from '../reconcile/ports.ts';
import { type FileAdoptions, fileAdoptions } from '../record/adoptions.ts';
import { type HealthFile, readHealth } from '../record/health.ts';
import { fileImages } from '../record/newest-images.ts';
import type { Records } from '../record/records.ts';
import { fileMemory } from '../record/state.ts';
import { fileRecords } from '../record/store.ts';
import { type PodStatus, statusOf } from '../status/pods.ts';
import { limitedVolumes } from '../status/storage.ts';
import type { Context } from './context.ts';
import { healthPath } from './health-path.ts';
import { textLog } from './logger.ts';

/** What a command works on: the engine, and what is remembered. */
export interface World {
  /** How the engine was found, and what units must tell podman so that it is the same. */
  readonly opened: OpenedEngine;
  readonly engine: PodmanEngine;
  readonly records: Records;
  readonly memory: GuardMemory;
  readonly images: ImageMemory;
  readonly adoptions: FileAdoptions;
}

export interface WorldOptions {
  /** `Source.name`: what records and the guard say of where pods come from. */
  readonly source?: string;
  /** Hears of records that are lost. */
  readonly log?: Log;
}

/**
 * Opens the engine and the records for one command, and closes them after it.
 *
 * @throws EngineError where no engine can be found or started
 */
export async function withWorld<T>(
  context: Context,
  body: (world: World) => Promise<T>,
  opts: WorldOptions = {},
): Promise<T> {
  const { source = '', log = textLog(context.terminal, { level: 'warn', scrub: text => text }) } = opts;
  const { state } = context.paths;
  const adoptions = fileAdoptions(state);
  const { opened, engine } = await connectEngine(context, adoptions);
  try {
    return await body({
      opened,
      engine,
      records: fileRecords(state, log, { source }),
      memory: fileMemory(state, source),
      images: fileImages(state),
      adoptions,
    });
  } finally {
    await engine.close();
  }
}

/** Finds the engine as every command does; `close` it when done. @throws EngineError */
export async function connectEngine(context: Context, adoptions: Adoptions): Promise<Pick<World, 'opened' | 'engine'>> {
  const { env, signal, owner, engineUrl, engineUnsupported: unsupported } = context;
  const { state: stateDir, runtime: runtimeDir, engine: configDir } = context.paths;
  const [{ openEngine }, { connectPodman }] = await Promise.all([
    import('../podman/service.ts'),
    import('../podman/engine.ts'),
  ]);
  const neverEmbed = isUnderSystemd(context);
  const opened = await openEngine({ engine: engineUrl, env, runtimeDir, configDir, neverEmbed, signal });
  const { socket, version } = opened;
  const more = { version, owner, stateDir, unsupported, env, adoptions, signal };
  return { opened, engine: await connectPodman({ socket, ...more }) };
}

/**
 * Whether a service manager runs us: an engine of our own would be in the service's control group, and end with it.
 * Terminals of a desktop inherit an INVOCATION_ID too (systemd.exec(5)), from the service that opened them.
 */
export function isUnderSystemd({ env, terminal }: Pick<Context, 'env' | 'terminal'>): boolean {
  return Boolean(env.NOTIFY_SOCKET) || (Boolean(env.INVOCATION_ID) && !terminal.interactive);
}

/** What one look found. */
export interface Look {
  readonly nowMs: number;
  readonly actual: Actual;
  readonly records: ReadonlyMap<Key, PodRecord>;
  readonly pods: readonly PodStatus[];
  /** An image's name by its id; the short id where it has none. */
  readonly imageName: (id: string) => string;
}

/** Looks at what runs and what is remembered, once. */
export async function look(world: World, context: Context): Promise<Look> {
  const { engine, records } = world;
  const { clock, signal } = context;
  const [observed, remembered] = await Promise.all([engine.observe({ signal }), records.load()]);
  const nowMs = clock.now();
  const { actual, lateMs } = withHealth(observed, readHealth(healthPath(context, world)));
  const names = imageNames(actual);
  const bytes = await countBytes(world, actual, remembered, signal);
  return {
    nowMs,
    actual,
    records: remembered,
    pods: statusOf(actual, {
      records: remembered,
      nowMs,
      restartAtMs: (container, record) => restartOf(container, record, nowMs).dueMs,
      lateMs,
      bytesIn: ({ uid }, volume) => bytes.get(emptyDirName(uid, volume)),
    }),
    imageName: id => names.get(id) ?? id.replace(/^sha256:/, '').slice(0, 12),
  };
}

/** What the emptyDirs on disk that have a limit hold, by their names in the engine. */
async function countBytes(
  { engine }: World,
  { pods }: Actual,
  records: ReadonlyMap<Key, PodRecord>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const names = [...pods.values()].flatMap(({ key, uid }) =>
    limitedVolumes(records.get(key)).map(volume => emptyDirName(uid, volume.name)),
  );
  const counted = await Promise.all(
    names.map(async name => [name, await engine.volumeBytes(name, { signal })] as const),
  );
  return new Map(counted.flatMap(([name, bytes]) => (bytes === undefined ? [] : [[name, bytes] as const])));
}

/** What a running agent tells of the probes; of one that is gone nothing is known any more. */
function withHealth(
  actual: Actual,
  { alive, containers }: HealthFile,
): { readonly actual: Actual; readonly lateMs: (containerId: string) => number } {
  if (!alive) return { actual, lateMs: () => 0 };
  const healthy = (container: ActualContainer): ActualContainer => {
    const health = containers.get(container.id);
    const isOfThisRun = container.state === 'running' && health?.startedAtMs === container.startedAtMs;
    return isOfThisRun ? { ...container, health } : container;
  };
  const pods = [...actual.pods].map(([key, pod]) => {
    const members = [...pod.containers].map(([name, container]) => [name, healthy(container)] as const);
    return [key, { ...pod, containers: new Map(members) }] as const;
  });
  return { actual: { ...actual, pods: new Map(pods) }, lateMs: id => containers.get(id)?.lateMs ?? 0 };
}

/** The fullest name of each image: engines know it by its id, by digests and by short names too. */
function imageNames({ images }: Actual): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name, { id }] of images) {
    if (/^(sha256:)?[0-9a-f]{64}$/.test(name)) continue;
    if (rank(name) > rank(names.get(id) ?? '')) names.set(id, name);
  }
  return names;
}

function rank(name: string): number {
  return name.includes('@') ? 1 : name.length + 1;
}
