import type { Log } from '../log.ts';
import type { Snapshot } from '../model/source.ts';
import { type Settled, settle } from '../reconcile/settle.ts';
import type { directorySource } from '../source/dir.ts';
import { wakeIn } from '../systemd/wake.ts';
import type { Context } from './context.ts';
import { makeLoad } from './desire.ts';
import { logEvents } from './event-log.ts';
import type { RunFlags } from './flags.ts';
import { systemctlOptions } from './generate.ts';
import { imageKeeper } from './image-keeper.ts';
import { imagePins } from './image-pins.ts';
import { inPlace } from './place.ts';
import { makePorts } from './ports.ts';
import { makeProbing } from './probing.ts';
import { learning, type Scrubber } from './scrub.ts';
import { codeOf } from './settled.ts';
import { unitKeeper } from './unit-keeper.ts';
import { withWorld } from './world.ts';

/** As `apply` has it, in ms. */
const patienceMs = 300_000;

/** When the one more look comes, in ms; not before this pass has ended. */
const lookAgainMs = 1000;

interface Once {
  readonly flags: RunFlags;
  readonly log: Log;
  readonly source: ReturnType<typeof directorySource>;
  readonly scrubber: Scrubber;
}

/**
 * `podstead run --once`: what the agent would do now, with the same guards, until all has settled: 0 then, 1 where
 * something failed or was held back. Whoever starts it does so again when the next thing is due.
 */
export function runOnce(context: Context, { flags, log, source, scrubber }: Once): Promise<number> {
  const parse = makeLoad({ owner: context.owner, strict: flags.strict ?? false, podSecurity: flags.podSecurity });
  const load = learning((snapshot: Snapshot) => parse(snapshot), scrubber);
  return withWorld(
    context,
    world =>
      inPlace(context, world.opened.socket, source.name, async () => {
        const { units: directory } = flags;
        const units = directory === undefined ? undefined : await unitKeeper(context, { directory, log, world });
        const emit = logEvents(log);
        const images = await imageKeeper(context, world, log);
        const ports = makePorts(context, {
          ...{ world, source, load, emit, images, scrub: scrubber.scrub },
          ...{ keepStanding: true, checkEveryMs: flags.checkImages, pins: imagePins(context, world) },
        });
        const { probes, hooks, end } = makeProbing(context, world);
        const plan: typeof ports.plan = (desired, actual, opts) => {
          const made = ports.plan(desired, actual, opts);
          const settled = made.steps.length === 0 && opts.busy.size === 0;
          if (settled) units?.keep({ desired, actual, records: opts.records });
          return made;
        };
        const settled = await settle(
          { ...ports, plan, probes, hooks },
          {
            ...{ prune: 'guarded', asAgent: true, allowEmpty: flags.allowEmpty ?? false },
            ...{ timeoutMs: flags.timeout ?? patienceMs, signal: context.signal },
          },
        ).finally(end);
        await images.end();
        await units?.end();
        context.signal.throwIfAborted();
        await arrange(context, settled, { log, flags });
        return codeOf(settled);
      }),
    { source: source.name, log },
  );
}

/** Has systemd start the next pass when a restart or another try is due, however far away its next regular one is. */
async function arrange(
  context: Context,
  settled: Settled,
  { log, flags: { wake } }: Pick<Once, 'log' | 'flags'>,
): Promise<void> {
  const dueMs = settled.outcome?.nextMs;
  const inMs = dueMs === undefined ? Number.POSITIVE_INFINITY : Math.max(dueMs - context.clock.now(), 0);
  if (dueMs !== undefined) log.info('more is due', { at: new Date(dueMs).toISOString() });
  if (wake === undefined) return;
  // Systemd watches no path while this pass is ending, and where something was done more may follow at once: so one more look
  // comes after it. That one finds nothing to do, unless something happened in between, and is the last.
  const nextMs = settled.changes.length > 0 ? Math.min(inMs, lookAgainMs) : inMs;
  await wakeIn(wake, Number.isFinite(nextMs) ? nextMs : undefined, systemctlOptions(context));
}
