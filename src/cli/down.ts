import type { Problem } from '../model/problem.ts';
import type { Prune } from '../plan/removal.ts';
import { settle } from '../reconcile/settle.ts';
import type { Context } from './context.ts';
import { makeLoad, openPaths } from './desire.ts';
import { CommandError } from './error.ts';
import type { DownFlags } from './flags.ts';
import { inPlace } from './place.ts';
import { emptySource, makePorts, noMemory, nothing } from './ports.ts';
import { makeProbing } from './probing.ts';
import { makeProgress } from './progress.ts';
import { codeOf, reportSettled } from './settled.ts';
import { type World, withWorld } from './world.ts';

/** What is to go. */
interface Meant {
  readonly prune: Exclude<Prune, 'none'>;
  /** Errors that hide what else may be declared. */
  readonly unread: readonly Problem[];
}

const everything: Meant = { prune: 'all', unread: [] };

/** `podstead down PATH... | --all`: a pass against an empty desired state. 0 when all of it is gone. */
export async function down(context: Context, paths: readonly string[], flags: DownFlags): Promise<number> {
  if ((paths.length === 0) === (flags.all !== true)) {
    throw new CommandError('Cannot tell what to remove: expected either PATH... or --all', {
      hint: 'Name the manifests, or give --all for every pod of this owner',
    });
  }
  const meant = flags.all ? everything : await meantBy(context, paths);
  return withWorld(context, world =>
    inPlace(context, world.opened.socket, `down ${paths.join(' ')}`, () => remove(context, world, meant, flags)),
  );
}

async function remove(context: Context, world: World, { prune, unread }: Meant, flags: DownFlags): Promise<number> {
  const volumes = new Set(flags.volumes ?? []);
  await demandOwnVolumes(context, world, volumes);
  const progress = makeProgress(context.terminal, { quiet: context.quiet, reasons: false });
  const ports = makePorts(context, {
    world,
    source: emptySource,
    load: () => ({ ...nothing, problems: unread }),
    emit: progress.emit,
    scrub: text => text,
    removeVolumes: volumes,
  });
  const plan: typeof ports.plan = (desired, actual, opts) => ports.plan(desired, actual, { ...opts, prune });
  const { hooks, end: endProbing } = makeProbing(context, world);
  const settled = await settle(
    { ...ports, plan, hooks, memory: noMemory },
    { prune: 'none', timeoutMs: flags.timeout, signal: context.signal },
  ).finally(() => {
    endProbing();
    progress.end();
  });
  context.signal.throwIfAborted();
  // One that was made just before a crash, for a pod that never came to be, belongs to nothing that could be seen.
  await world.engine.sweepNetworks({ signal: context.signal });
  await reportSettled(context, settled);
  // Nothing is left for it to serve: the next command starts it again.
  if (flags.all && codeOf(settled) === 0) await world.opened.stop();
  return codeOf(settled);
}

/** Also objects with problems: they are declared, and meant. What cannot even be told apart is reported instead. */
async function meantBy(context: Context, paths: readonly string[]): Promise<Meant> {
  const load = makeLoad({ owner: context.owner, strict: false });
  const source = await openPaths(paths);
  const { desired, problems } = await load(await source.read({ signal: context.signal }));
  const isUnread = ({ severity, key }: Problem): boolean =>
    severity === 'error' && (key === undefined || !desired.declared.has(key));
  return { prune: new Set(desired.declared.keys()), unread: problems.filter(isUnread) };
}

async function demandOwnVolumes(context: Context, world: World, names: ReadonlySet<string>): Promise<void> {
  if (names.size === 0) return;
  const { volumes } = await world.engine.observe({ signal: context.signal });
  for (const name of names) {
    const volume = volumes.get(name);
    if (volume === undefined && !context.quiet) context.terminal.err(`Volume "${name}" is not there\n`);
    if (volume === undefined || volume.owner === context.owner) continue;
    const own = [...volumes.values()].filter(volume => volume.owner === context.owner && volume.uid === undefined);
    throw new CommandError(`Cannot remove volume "${name}": it is not one of ours`, {
      hint: own.length === 0 ? 'We own no volume' : `Name one of: ${own.map(volume => volume.name).join(', ')}`,
    });
  }
}
