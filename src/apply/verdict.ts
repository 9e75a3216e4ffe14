import type { Step } from '../model/plan.ts';

/** Where a step stands. */
export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'skipped';

/** What may become of a pending step now. */
export type Verdict =
  | { readonly to: 'wait' }
  | { readonly to: 'run' }
  /** `cause` is the step that it waited on in vain. */
  | { readonly to: 'skip'; readonly cause: number };

const wait: Verdict = { to: 'wait' };
const run: Verdict = { to: 'run' };

/** Decides on a pending step by how those it waits on stand; the rules are those of {@link Step}. */
export function verdict(step: Step, stateOf: (id: number) => StepState): Verdict {
  return step.when === 'done' ? forward(step, stateOf) : wayBack(step, stateOf);
}

function forward(step: Step, stateOf: (id: number) => StepState): Verdict {
  const cause = step.after.find(id => stateOf(id) === 'failed' || stateOf(id) === 'skipped');
  if (cause !== undefined) return { to: 'skip', cause };
  return step.after.every(id => stateOf(id) === 'done') ? run : wait;
}

function wayBack(step: Step, stateOf: (id: number) => StepState): Verdict {
  const last = step.after.at(-1);
  if (last === undefined) throw new Error(`Step ${step.id} is a way back from nothing: "after" is empty`);
  if (!step.after.every(id => hasEnded(stateOf(id)))) return wait;
  return stateOf(last) === 'failed' ? run : { to: 'skip', cause: last };
}

/** Whether a step will not change any more. */
export function hasEnded(state: StepState): boolean {
  return state !== 'pending' && state !== 'running';
}
