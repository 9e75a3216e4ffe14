import { stat } from 'node:fs/promises';
import type { Unpinned } from '../model/pinned.ts';
import type { ImagePins } from '../reconcile/pins.ts';
import type { Context } from './context.ts';
import type { World } from './world.ts';

/** A pass waits so long for all registries together, in ms: pulls by name are as good as they were without. */
const withinMs = 3000;
/** What a registry was asked for and did not tell is left for so long, in ms, that passes which follow each other do not all wait. */
const restMs = 60_000;

/**
 * Asks registries with our own client, as the engine would: with the same files of registries, credentials and policy.
 * What it takes is loaded when the first plan has a pull.
 */
export function imagePins(context: Context, { opened }: Pick<World, 'opened'>): ImagePins {
  const { clock, uid } = context;
  const restUntilMs = new Map<string, number>();
  return {
    pin: async (images, { signal }) => {
      const why = { why: 'the engine is of another user, with other settings for registries' };
      const owner = (await stat(opened.socket).catch(() => undefined))?.uid;
      if (owner !== uid) return new Map(images.map(({ reference }) => [reference, why]));
      const [{ pinAll }, { accessOf, platformOf }] = await Promise.all([
        import('../image/pin-all.ts'),
        import('./image-access.ts'),
      ]);
      const rests = (reference: string): boolean => {
        const leftMs = (restUntilMs.get(reference) ?? 0) - clock.now();
        // A clock that was set back must not make it a long one.
        return leftMs > 0 && leftMs <= restMs;
      };
      const flags = { authfile: undefined, creds: true, tlsVerify: undefined, certDir: undefined, retryTimes: 0 };
      const { found, late } = await pinAll(
        images.filter(({ reference }) => !rests(reference)),
        signal => accessOf({ ...context, signal }, flags),
        { platform: platformOf({}), withinMs, signal },
      );
      for (const reference of late) restUntilMs.set(reference, clock.now() + restMs);
      const left: Unpinned = { why: 'its registry did not tell in time a moment ago' };
      return new Map(images.map(({ reference }) => [reference, found.get(reference) ?? left]));
    },
  };
}
