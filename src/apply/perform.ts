import type { Clock } from '../clock.ts';
import type { Engine, PerformOptions } from '../engine/engine.ts';
import type { Failure } from '../model/event.ts';
import type { Action } from '../model/plan.ts';
import type { Hooks } from '../probe/ports.ts';
import type { Records } from '../record/records.ts';
import { failureOf } from './failure.ts';
import { startHooked, startPodHooked, stopHooked } from './hooked.ts';
import { stopInOrder } from './ordered.ts';
import { traits } from './verbs.ts';

/** What effects go to. */
export interface EffectPorts {
  readonly engine: Engine;
  readonly records: Records;
  readonly clock: Clock;
  /** In [0, 1); spreads retries. */
  readonly random: () => number;
  /** Without it containers have no hooks. */
  readonly hooks?: Hooks;
}

/** Delays before the second and third try of a quick step, in milliseconds; jittered by half. */
const retryDelaysMs: readonly number[] = [100, 400];

/**
 * Does one action, trying a quick one again after a transient failure (all actions are idempotent, so an answer that
 * got lost does no harm). Never rejects.
 *
 * @returns the failure, undefined where it was done
 */
export async function perform(action: Action, ports: EffectPorts, opts: PerformOptions): Promise<Failure | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    const failure = await tryOnce(action, ports, opts);
    const delayMs = retryDelaysMs[attempt];
    const isWorthIt = traits[action.verb].retries && failure?.transient === true;
    if (!isWorthIt || delayMs === undefined || opts.signal.aborted) return failure;
    await ports.clock.sleep(delayMs * (0.5 + ports.random()), opts.signal);
  }
}

async function tryOnce(action: Action, ports: EffectPorts, opts: PerformOptions): Promise<Failure | undefined> {
  try {
    opts.signal.throwIfAborted();
    await act(action, ports, opts);
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}

function act(action: Action, ports: EffectPorts, opts: PerformOptions): Promise<void> {
  if (action.verb === 'writeRecord') return ports.records.write(action.pod, action.patch);
  if (action.verb === 'removeRecord') return ports.records.remove(action.pod);
  if (action.verb === 'startContainer') return startHooked(action, ports, opts);
  if (action.verb === 'startPod') return startPodHooked(action, ports, opts);
  if (action.verb === 'stopContainer') return stopHooked(action, ports, opts);
  if (action.verb === 'stopInOrder') return stopInOrder(action, ports, opts);
  return ports.engine.perform(action, opts);
}
