import type { Log } from '../log.ts';
import type { Actual } from '../model/actual.ts';
import type { Key } from '../model/key.ts';
import type { PodRecord } from '../model/record.ts';
import { restartOf } from '../plan/backoff.ts';
import type { PodmanEngine } from '../podman/engine.ts';
import type { OpenedEngine } from '../podman/service.ts';
import type { GuardMemory } from '../reconcile/ports.ts';
import type { Records } from '../record/records.ts';
import { fileMemory } from '../record/state.ts';
import { fileRecords } from '../record/store.ts';
import { type PodStatus, statusOf } from '../status/pods.ts';
import type { Context } from './context.ts';
import { textLog } from './logger.ts';

/** What a command works on: the engine, and what is remembered. */
export interface World {
  /** How the engine was found, and what units must tell podman so that it is the same. */
  readonly opened: OpenedEngine;
  readonly engine: PodmanEngine;
  readonly records: Records;
  readonly memory: GuardMemory;
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
  const { opened, engine } = await connect(context);
  const { state } = context.paths;
  try {
    return await body({
      opened,
      engine,
      records: fileRecords(state, log, { source }),
      memory: fileMemory(state, source),
    });
  } finally {
    await engine.close();
  }
}

async function connect(context: Context): Promise<Pick<World, 'opened' | 'engine'>> {
  const { env, signal, owner, engineUrl, engineUnsupported: unsupported } = context;
  const { state: stateDir, runtime: runtimeDir, engine: configDir } = context.paths;
  const [{ openEngine }, { connectPodman }] = await Promise.all([
    import('../podman/service.ts'),
    import('../podman/engine.ts'),
  ]);
  const neverEmbed = isUnderSystemd(context);
  const opened = await openEngine({ engine: engineUrl, env, runtimeDir, configDir, neverEmbed, signal });
  return { opened, engine: await connectPodman({ socket: opened.socket, owner, stateDir, unsupported, env, signal }) };
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
export async function look({ engine, records }: World, { clock, signal }: Context): Promise<Look> {
  const [actual, remembered] = await Promise.all([engine.observe({ signal }), records.load()]);
  const nowMs = clock.now();
  const names = imageNames(actual);
  return {
    nowMs,
    actual,
    records: remembered,
    pods: statusOf(actual, {
      records: remembered,
      nowMs,
      restartAtMs: (container, record) => restartOf(container, record).dueMs,
    }),
    imageName: id => names.get(id) ?? id.replace(/^sha256:/, '').slice(0, 12),
  };
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
