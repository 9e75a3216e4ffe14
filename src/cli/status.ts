import { createColors } from 'picocolors';
import type { PodStatus } from '../status/pods.ts';
import type { Context } from './context.ts';
import { writeData } from './data.ts';
import type { NamespaceFlag } from './flags.ts';
import { matchKeys, parseKey, pickAll } from './key.ts';
import { podDocument } from './status-document.ts';
import { type StatusView, statusTable } from './status-text.ts';
import { type Look, look, type World, withWorld } from './world.ts';

export interface StatusFlags extends NamespaceFlag {
  readonly watch?: boolean;
}

/** `podstead status [KEY]`: what runs, how it stands. Exits with 0 whatever it finds. */
export function status(context: Context, key: string | undefined, flags: StatusFlags): Promise<number> {
  return withWorld(context, async world => {
    const first = await look(world, context);
    const pods = key === undefined ? first.pods : pickAll(key, first.pods, flags.namespace);
    if (!flags.watch) {
      await print(context, world, first, pods);
      return 0;
    }
    return follow(context, world, first, of =>
      key === undefined ? of : matchKeys(parseKey(key, flags.namespace), of),
    );
  });
}

async function print(context: Context, world: World, seen: Look, pods: readonly PodStatus[]): Promise<void> {
  const { terminal, output } = context;
  if (output !== 'text') {
    const { name, owner } = world.engine;
    return writeData(terminal, output, {
      owner,
      engine: name,
      pods: pods.map(pod => podDocument(pod, seen.imageName)),
    });
  }
  if (pods.length === 0) return terminal.err(`Nothing runs for owner "${context.owner}"\n`);
  terminal.out(statusTable(pods, viewOf(context, seen.nowMs)));
}

/** What the terminal of a command can show. */
export function viewOf({ terminal }: Context, nowMs: number): StatusView {
  return { nowMs, colors: createColors(terminal.outColor), width: terminal.outColumns() };
}

/** As `kubectl get -w`: all of it first, then a row for each pod that changed. With JSON, one document a line. */
async function follow(
  context: Context,
  world: World,
  first: Look,
  select: (pods: readonly PodStatus[]) => readonly PodStatus[],
): Promise<number> {
  const { looks } = await import('./watch.ts');
  const told = new Map<string, string>();
  const tell = (seen: Look): void => {
    const pods = select(seen.pods);
    const gone = [...told.keys()].filter(key => !pods.some(pod => pod.key === key));
    for (const key of gone) told.delete(key);
    const changed = pods.filter(pod => told.get(pod.key) !== JSON.stringify(pod));
    for (const pod of changed) told.set(pod.key, JSON.stringify(pod));
    tellRows(context, seen, changed, gone);
  };
  tell(first);
  for await (const _ of looks(opts => world.engine.wakes(opts), context)) tell(await look(world, context));
  // It ends by a signal alone, and the exit code tells by which.
  context.signal.throwIfAborted();
  return 0;
}

function tellRows(context: Context, seen: Look, changed: readonly PodStatus[], gone: readonly string[]): void {
  const { terminal, output } = context;
  if (output !== 'text') {
    for (const pod of changed) terminal.out(`${JSON.stringify(podDocument(pod, seen.imageName))}\n`);
    for (const key of gone) terminal.out(`${JSON.stringify({ key, state: 'Removed' })}\n`);
    return;
  }
  if (changed.length > 0) terminal.out(statusTable(changed, viewOf(context, seen.nowMs)));
  for (const key of gone) terminal.out(`${key}   Removed\n`);
}
