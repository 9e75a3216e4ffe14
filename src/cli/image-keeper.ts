import type { EngineAction, PerformOptions } from '../engine/engine.ts';
import type { Log } from '../log.ts';
import type { Actual } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { ImageLedger } from '../model/image-ledger.ts';
import { noteImage, noteImages } from '../plan/image-ledger.ts';
import type { PodmanEngine } from '../podman/engine.ts';
import { ledgerFile } from '../record/images.ts';
import type { Context } from './context.ts';
import { describeError } from './error.ts';
import type { World } from './world.ts';

/** Notes which images come by us and what workloads run, for `image prune`. Only who has the place may write that. */
export interface ImageKeeper {
  /** The same engine; what it pulls and builds is noted. */
  readonly engine: PodmanEngine;
  /** Call with each look; it returns at once. */
  note(desired: Desired, actual: Actual): void;
  /** Has an image come that may not have been there, and notes it. */
  took<T>(reference: string, take: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Waits for what is being written. */
  end(): Promise<void>;
}

/** What cannot be noted is somebody else's image from then on, and stays. */
export async function imageKeeper(
  { paths, clock }: Context,
  { engine }: World,
  log: Pick<Log, 'warn'>,
): Promise<ImageKeeper> {
  const file = ledgerFile(paths.state);
  let ledger = await file.load();
  let last: Promise<void> = Promise.resolve();
  const change = (to: ImageLedger): void => {
    if (to === ledger) return;
    ledger = to;
    last = last
      .then(() => file.save(to))
      .catch((error: unknown) => log.warn('cannot note images', { error: describeError(error).message }));
  };

  const took: ImageKeeper['took'] = async (reference, take, signal) => {
    const before = await engine.listImages({ signal }).catch(() => undefined);
    const done = await take();
    const [id, after] = await Promise.all([
      engine.imageId(reference, { signal }).catch(() => undefined),
      engine.listImages({ signal }).catch(() => []),
    ]);
    const image = after.find(each => each.id === id);
    const isNew = before !== undefined && !before.some(each => each.id === id);
    if (image !== undefined) change(noteImage(ledger, { ...image, isNew }, clock.now()));
    return done;
  };
  const perform = (action: EngineAction, opts: PerformOptions): Promise<void> => {
    if (action.verb !== 'pull' && action.verb !== 'build') return engine.perform(action, opts);
    return took(action.image.reference, () => engine.perform(action, opts), opts.signal);
  };
  return {
    engine: { ...engine, perform },
    note: (desired, actual) => change(noteImages(ledger, desired, actual, clock.now())),
    took,
    end: () => last,
  };
}
