import type { EngineAction } from '../engine/engine.ts';
import type { Key } from '../model/key.ts';
import type { Plan, RecordPatch, Step, Verb } from '../model/plan.ts';
import type { Proposal } from './adopt-proposal.ts';
import type { Context } from './context.ts';
import type { World } from './world.ts';

/** Verbs that nothing which runs notices. */
const quiet: readonly Verb[] = ['renameContainer', 'writeRecord', 'writeFiles'];

/** Whether all that is left to do for a pod can be done without touching what runs. */
export function inPlaceOnly(plan: Plan, key: Key): boolean {
  const held = plan.changes.some(change => change.key === key && change.op === 'hold');
  return !held && stepsOf(plan, key).every(({ action }) => quiet.includes(action.verb));
}

/** Names of containers that get the names by which they are started and found, as `old to new`. */
export function renames(plan: Plan, { key, made }: Proposal): readonly string[] {
  return stepsOf(plan, key).flatMap(({ action }) => {
    if (action.verb !== 'renameContainer') return [];
    const before = made.containers.find(({ id }) => id === action.id)?.engineName;
    return [`${before} to ${action.engineName}`];
  });
}

/** Does what is left for a pod, as `apply` would: the record that it gets tells of the adoption. */
export async function performInPlace(
  { signal }: Context,
  { engine, records }: World,
  plan: Plan,
  { key, ids }: Proposal,
): Promise<void> {
  for (const { action } of stepsOf(plan, key)) {
    if (action.verb === 'writeRecord') await records.write(action.pod, adopted(action.patch, ids.pod));
    else await engine.perform(action as EngineAction, { signal, onProgress: () => undefined });
  }
}

function adopted(patch: RecordPatch, podId: string): RecordPatch {
  if (patch.history === undefined) return patch;
  const why = `pod ${podId.slice(0, 12)}, which somebody else made, is ours from now on`;
  return { ...patch, history: { ...patch.history, result: 'adopted', why } };
}

/** Each waits on earlier ones alone, so that their order is one to follow. */
function stepsOf({ steps }: Plan, key: Key): readonly Step[] {
  return steps.filter(step => step.key === key);
}
