import { createColors } from 'picocolors';
import { EngineError } from '../engine/engine.ts';
import type { PodStatus } from '../status/pods.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import type { LogsFlags } from './flags.ts';
import { pickAll } from './key.ts';
import { linePrefixer } from './prefix.ts';
import { type Look, look, type World, withWorld } from './world.ts';

/** Between two tries to go on following a container that ended, in milliseconds. */
const followMs = 1000;

/** One container whose output is wanted. */
interface Target {
  readonly pod: PodStatus;
  readonly container: string;
  readonly prefix: string;
}

/**
 * `podstead logs KEY`: what the containers of a pod (or of all of a Deployment's) wrote. Output of more than one
 * container carries a prefix. With -f it goes on through restarts and replacements until it is interrupted.
 */
export function logs(context: Context, key: string, flags: LogsFlags): Promise<number> {
  return withWorld(context, async world => {
    const seen = await look(world, context);
    const targets = targetsOf(pickAll(key, seen.pods, flags.namespace), flags.container, context);
    await Promise.all(targets.map(target => tell(context, world, seen, target, flags)));
    context.signal.throwIfAborted();
    return 0;
  });
}

function targetsOf(pods: readonly PodStatus[], only: string | undefined, context: Context): readonly Target[] {
  const all = pods.flatMap(pod => pod.containers.map(({ name }) => ({ pod, container: name })));
  const chosen = all.filter(({ container }) => only === undefined || container === only);
  if (chosen.length === 0) {
    const names = [...new Set(all.map(({ container }) => container))].join(', ');
    throw new CommandError(`Cannot find container "${only ?? ''}" in ${pods.map(pod => pod.key).join(', ')}`, {
      hint: names === '' ? 'It has no container yet; see `podstead status`' : `Name one of: ${names}`,
    });
  }
  const colors = createColors(context.terminal.outColor);
  const paints = [colors.cyan, colors.yellow, colors.green, colors.magenta, colors.blue];
  return chosen.map(({ pod, container }, index) => {
    const name = pods.length > 1 ? `${pod.key.split('/')[2]}/${container}` : container;
    const paint = paints[index % paints.length] ?? String;
    return { pod, container, prefix: chosen.length === 1 ? '' : `${paint(`[${name}]`)} ` };
  });
}

async function tell(context: Context, world: World, first: Look, target: Target, flags: LogsFlags): Promise<void> {
  const { signal, clock } = context;
  let seen = first;
  let { since, tail } = flags;
  while (true) {
    const container = seen.actual.pods.get(target.pod.key)?.containers.get(target.container);
    if (container !== undefined) {
      const { follow = false, timestamps = false } = flags;
      await print(context, world, target, { follow, timestamps, since, tail, id: container.id });
      // What comes after is new: the engine's times are whole seconds, so one line may be told twice.
      since = clock.now();
      tail = undefined;
    }
    if (!flags.follow || signal.aborted) return;
    await clock.sleep(followMs, signal);
    if (signal.aborted) return;
    seen = await look(world, context);
  }
}

interface PrintOptions {
  readonly id: string;
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly since: number | undefined;
  readonly tail: number | undefined;
}

async function print(context: Context, world: World, target: Target, opts: PrintOptions): Promise<void> {
  const { signal, terminal } = context;
  const prefixers = { stdout: linePrefixer(target.prefix), stderr: linePrefixer(target.prefix) };
  const { id, since, ...more } = opts;
  try {
    for await (const { stream, data } of world.engine.logs(id, { ...more, sinceMs: since, signal })) {
      terminal.out(prefixers[stream](data));
    }
  } catch (error) {
    // Interrupted while following, or replaced meanwhile: the next look finds its successor.
    const isOver = signal.aborted || (opts.follow && error instanceof EngineError && error.code === 'GONE');
    if (!isOver) throw error;
  }
}
