import type { Key } from '../model/key.ts';
import type { Step } from '../model/plan.ts';
import { traits } from './verbs.ts';
import type { StepState } from './verdict.ts';

/** A step and where it stands. */
export interface Standing {
  readonly step: Step;
  readonly state: StepState;
}

/**
 * The steps of a key that another wish makes pointless: those not yet started, and running pulls and builds.
 *
 * Two kinds go on. What leads from a stop that has begun to the start that ends it: the new wish may need a pull of
 * minutes, and the pod would be down all the while. And ways back, which skip themselves unless what they mend has
 * been tried and failed.
 *
 * @param all every step of the plan by id
 */
export function overtakenSteps(all: ReadonlyMap<number, Standing>, key: Key): readonly number[] {
  const kept = stepsThatEndAnOutage(all);
  return [...all.values()]
    .filter(({ step, state }) => step.key === key && isStoppable(step, state) && !kept.has(step.id))
    .map(({ step }) => step.id);
}

function isStoppable({ action, when }: Step, state: StepState): boolean {
  if (state === 'pending') return when === 'done';
  return state === 'running' && traits[action.verb].abortable;
}

function stepsThatEndAnOutage(all: ReadonlyMap<number, Standing>): ReadonlySet<number> {
  const before = ancestors(all);
  const starts = [...all.values()].filter(
    ({ step, state }) =>
      state === 'pending' &&
      traits[step.action.verb].restores &&
      [...(before.get(step.id) ?? [])].some(id => hasBegunOutage(all.get(id))),
  );
  const kept = new Set<number>();
  for (const { step } of starts) {
    kept.add(step.id);
    for (const id of before.get(step.id) ?? []) kept.add(id);
    for (const [id, earlier] of before) if (earlier.has(step.id)) kept.add(id);
  }
  return kept;
}

function hasBegunOutage(standing: Standing | undefined): boolean {
  if (standing === undefined || !traits[standing.step.action.verb].interrupts) return false;
  return standing.state !== 'pending' && standing.state !== 'skipped';
}

/** For each step all that it waits on, directly or not. Ids only point backwards, so one sweep is enough. */
function ancestors(all: ReadonlyMap<number, Standing>): ReadonlyMap<number, ReadonlySet<number>> {
  const before = new Map<number, ReadonlySet<number>>();
  for (const { step } of all.values()) {
    before.set(step.id, new Set(step.after.flatMap(id => [id, ...(before.get(id) ?? [])])));
  }
  return before;
}
