import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { Actual } from '../model/actual.ts';
import { appliedAfter } from '../model/applied.ts';
import type { Desired } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { PodRecord } from '../model/record.ts';
import { keepUnits } from '../systemd/keep.ts';
import { podUnit } from '../unit/pod.ts';
import type { Context } from './context.ts';
import { describeError } from './error.ts';
import { systemctlOptions } from './generate.ts';
import { unitHost } from './unit-host.ts';
import { unitOrder } from './unit-order.ts';
import { declaredUnit, standingUnit } from './unit-spec.ts';
import type { World } from './world.ts';

/** Keeps boot units in step with what runs. */
export interface UnitKeeper {
  /**
   * Call whenever a look found nothing under way and nothing to do; it returns at once, and units follow one call after
   * the other. Where they are the ones that were kept last, nothing is asked or written.
   */
  keep(view: UnitView): void;
  /** Waits for what is under way. */
  end(): Promise<void>;
}

/** What one look found: units are made from it without another. */
export interface UnitView {
  readonly desired: Desired;
  readonly actual: Actual;
  readonly records: ReadonlyMap<Key, PodRecord>;
}

export interface UnitKeeperOptions {
  readonly directory: string;
  readonly log: Log;
  readonly world: World;
}

/** The units are those of pods that exist, also of pods that are held back; a failure is told, and tried again next time. */
export async function unitKeeper(context: Context, opts: UnitKeeperOptions): Promise<UnitKeeper> {
  const { directory, log, world } = opts;
  const { signal, owner, uid, env } = context;
  const host = await unitHost(context, world, uid !== 0);
  const runtime = uid === 0 ? '/run/systemd/system' : join(env.XDG_RUNTIME_DIR ?? `/run/user/${uid}`, 'systemd/user');
  let warned = false;
  // What stands there as far as we know: a failure leaves that open.
  let kept: string | undefined;
  let told: string | undefined;
  let last: Promise<void> = Promise.resolve();

  async function step({ desired, actual, records }: UnitView): Promise<void> {
    // Also of pods that are held back: what was last applied of them still runs.
    const pods = [...actual.pods.values()];
    const order = unitOrder(pods.map(pod => ({ ...pod, after: appliedAfter(records.get(pod.key)?.applied) })));
    const specs = pods.map(pod => {
      const [declared, after] = [desired.pods.get(pod.key), order.get(pod.key)];
      const standing = standingUnit(pod, records.get(pod.key), host, after);
      return standing ?? (declared && declaredUnit(declared, pod, host, after));
    });
    if (specs.includes(undefined)) throw new Error('what was last applied of a pod is not known');
    const units = specs.flatMap(spec => (spec === undefined ? [] : [podUnit(spec)]));
    const text = JSON.stringify(units);
    if (text === kept) return;
    kept = undefined;
    const done = await keepUnits(directory, units, { ...systemctlOptions(context), owner, runtimeDirectory: runtime });
    for (const name of done.foreign) log.warn('left a unit as it is: it was not written by podstead', { name });
    if (done.written.length > 0) log.info('boot units written', { directory, units: done.written });
    if (done.removed.length > 0) log.info('boot units removed', { directory, units: done.removed });
    if (!done.running && !warned)
      log.warn('systemd does not run here: units are written, and not enabled', { directory });
    warned ||= !done.running;
    kept = text;
    told = undefined;
  }

  return {
    keep: view => {
      last = last
        .then(() => step(view))
        .catch((error: unknown) => {
          if (signal.aborted) return;
          const { message, hint } = describeError(error);
          // It is tried again at every look, and told once.
          if (message === told) return;
          told = message;
          log.error('cannot keep the boot units', { directory, error: message, hint });
        });
    },
    end: () => last,
  };
}
