import type { Log } from '../log.ts';
import type { GcPolicy } from '../plan/image-gc.ts';
import type { Context } from './context.ts';
import { describeError } from './error.ts';
import { prune } from './image-prune.ts';
import type { World } from './world.ts';

/** Images are looked through so often, in ms. */
const everyMs = 3_600_000;

/** Removes images that nothing needs, beside the agent's passes. */
export interface ImageCollector {
  /** Call whenever a look found nothing to do; it returns at once, and most calls do nothing. */
  collect(): void;
  /** Waits for what is under way. */
  end(): Promise<void>;
}

export interface CollectorOptions {
  readonly policy: GcPolicy;
  readonly log: Log;
}

/** What cannot be removed is told, and tried again an hour later. */
export function imageCollector(context: Context, world: World, { policy, log }: CollectorOptions): ImageCollector {
  let lastMs = Number.NEGATIVE_INFINITY;
  let last: Promise<void> = Promise.resolve();
  const collect = async (): Promise<void> => {
    const rows = await prune(context, world, { policy, dryRun: false });
    for (const { image, why } of rows.filter(({ result }) => result === 'removed')) {
      log.info('removed an image', { image: image.names.join(' '), id: image.id, why });
    }
  };
  return {
    collect: () => {
      const nowMs = context.clock.now();
      if (nowMs - lastMs < everyMs && nowMs >= lastMs) return;
      lastMs = nowMs;
      last = last.then(collect).catch((error: unknown) => {
        if (!context.signal.aborted) log.warn('cannot remove images', { error: describeError(error).message });
      });
    },
    end: () => last,
  };
}
