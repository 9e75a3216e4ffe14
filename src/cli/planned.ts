import type { Event } from '../model/event.ts';
import type { Key } from '../model/key.ts';
import type { Change, Step } from '../model/plan.ts';

/** All steps of a key have ended. */
export type Settled = Extract<Event, { type: 'settled' }>;

/**
 * Tells changes of the plan from the stand-ins under which steps settle that no change asked for: images, networks,
 * files and records are prepared and swept on the way.
 */
export interface PlannedChanges {
  note(event: Event): void;
  /** Undefined for a change of a plan; else the step of that key that failed, or `none`. */
  failedStep(event: Settled): Step | 'none' | undefined;
}

/** Hears of the events in order. */
export function plannedChanges(): PlannedChanges {
  const planned = new WeakSet<Change>();
  const failed = new Map<Key, Step>();
  return {
    note(event) {
      if (event.type === 'planned') for (const change of event.plan.changes) planned.add(change);
      if (event.type !== 'stepEnded') return;
      const { outcome, step } = event.result;
      if (outcome === 'failed') failed.set(step.key, step);
    },
    failedStep({ key, change }) {
      const step = failed.get(key);
      failed.delete(key);
      return planned.has(change) ? undefined : (step ?? 'none');
    },
  };
}
