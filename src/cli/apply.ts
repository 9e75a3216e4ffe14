import type { Desired } from '../model/desired.ts';
import type { Snapshot } from '../model/source.ts';
import { type Settled, settle } from '../reconcile/settle.ts';
import type { Source } from '../source/source.ts';
import type { Context } from './context.ts';
import { makeLoad, openPaths } from './desire.ts';
import type { ApplyFlags } from './flags.ts';
import { type ImageKeeper, imageKeeper } from './image-keeper.ts';
import { imagePins } from './image-pins.ts';
import { textLog } from './logger.ts';
import { inPlace } from './place.ts';
import { makePorts } from './ports.ts';
import { makeProbing } from './probing.ts';
import { makeProgress } from './progress.ts';
import { learning, makeScrubber, scrubbed } from './scrub.ts';
import { codeOf, reportSettled } from './settled.ts';
import { type World, withWorld } from './world.ts';

/** `podstead apply PATH...`: 0 when all is as declared, 1 when something failed, was refused, or took too long. */
export async function apply(context: Context, paths: readonly string[], flags: ApplyFlags): Promise<number> {
  return applySource(context, { source: await openPaths(paths), doing: `apply ${paths.join(' ')}` }, flags);
}

/** Where what is applied comes from. */
export interface Applied {
  readonly source: Source;
  /** For whoever finds the place taken. */
  readonly doing: string;
  /** Done before the source is read, as the only writer of this owner's objects. */
  readonly prepare?: (world: World, images: ImageKeeper) => Promise<void>;
  /** What becomes of the desired state before it is planned with. */
  readonly adjust?: (desired: Desired) => Desired;
}

/** Applies what a source says, once. */
export async function applySource(given: Context, applied: Applied, flags: ApplyFlags): Promise<number> {
  const { source, doing, prepare, adjust = desired => desired } = applied;
  const scrubber = makeScrubber();
  const context = { ...given, terminal: scrubbed(given.terminal, scrubber) };
  const parse = makeLoad({ owner: context.owner, strict: flags.strict ?? false, podSecurity: flags.podSecurity });
  const load = learning(async (snapshot: Snapshot) => {
    const { desired, problems } = await parse(snapshot);
    return { desired: adjust(desired), problems };
  }, scrubber);
  return withWorld(
    context,
    world =>
      inPlace(context, world.opened.socket, doing, async () => {
        const log = textLog(context.terminal, { level: 'warn', scrub: scrubber.scrub });
        const images = await imageKeeper(context, world, log);
        await prepare?.(world, images).finally(images.end);
        const progress = makeProgress(context.terminal, context);
        const ports = makePorts(context, {
          ...{ world, source, load, emit: progress.emit, scrub: scrubber.scrub, images },
          refresh: flags.refresh ?? false,
          pins: imagePins(context, world),
        });
        const { probes, hooks, end: endProbing } = makeProbing(context, world);
        const settled = await settle(
          { ...ports, probes, hooks },
          {
            prune: flags.prune ? 'guarded' : 'none',
            allowEmpty: flags.allowEmpty ?? false,
            wait: flags.wait,
            timeoutMs: flags.timeout,
            signal: context.signal,
          },
        ).finally(() => {
          endProbing();
          progress.end();
        });
        await images.end();
        context.signal.throwIfAborted();
        await reportSettled(context, settled);
        printKeeping(context, settled);
        return codeOf(settled);
      }),
    { source: source.name },
  );
}

/** Without an agent nobody restarts what ends. */
function printKeeping(context: Context, settled: Settled): void {
  if (context.quiet || context.output !== 'text' || (settled.outcome?.desired.pods.size ?? 0) === 0) return;
  context.terminal.err(
    'No agent runs here, so nothing restarts what ends or runs probes: `podstead run DIR` does, and units by `podstead generate systemd` at boot\n',
  );
}
