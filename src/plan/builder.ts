import type { Key } from '../model/key.ts';
import type { Action, Step } from '../model/plan.ts';

/** Collects steps and numbers them, so that each waits on earlier ones only. */
export interface StepBuilder {
  /** Adds a step and returns its id. */
  add(key: Key, action: Action, after: readonly (number | undefined)[], when?: Step['when']): number;
  readonly steps: () => readonly Step[];
}

/** An empty builder. */
export function stepBuilder(): StepBuilder {
  const steps: Step[] = [];
  return {
    add: (key, action, after, when = 'done') => {
      const id = steps.length + 1;
      const ids = after.filter(each => each !== undefined);
      steps.push({ id, key, action, after: [...new Set(ids)].sort((a, b) => a - b), when });
      return id;
    },
    steps: () => [...steps],
  };
}
