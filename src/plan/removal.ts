import type { Actual, ActualPod } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { Change } from '../model/plan.ts';
import { stopText } from './verdict.ts';

/** Which absent objects may be removed: by the key of what declared them. */
export type Prune = 'none' | 'all' | ReadonlySet<Key>;

/** Whether an absent object's pods may go. */
export function mayPrune(prune: Prune, declaredBy: Key): boolean {
  return prune === 'all' || (prune !== 'none' && prune.has(declaredBy));
}

/** A pod that runs and is not desired. */
export interface Leftover {
  readonly actual: ActualPod;
  readonly change: Change;
  /** `now`; `replaced` once the pods that stand in for it run; `never` while something holds it. */
  readonly removal: 'now' | 'replaced' | 'never';
}

/** Decides about every pod of ours that nothing desires. */
export function leftoversOf(
  desired: Desired,
  actual: Actual,
  prune: Prune,
  busy: ReadonlySet<Key>,
): readonly Leftover[] {
  const pods = [...actual.pods.values()].filter(pod => !desired.pods.has(pod.key));
  return pods.map(pod => leftoverOf(pod, desired, prune, busy));
}

function leftoverOf(pod: ActualPod, desired: Desired, prune: Prune, busy: ReadonlySet<Key>): Leftover {
  const { key, declaredBy } = pod;
  const leftover = (op: Change['op'], why: string, removal: Leftover['removal'], cost = ''): Leftover => {
    const location = desired.declared.get(declaredBy) ?? pod.record?.origin;
    return { actual: pod, removal, change: { op, key, why, cost, fields: [], location, untilMs: undefined } };
  };
  const held = desired.held.get(declaredBy);
  if (busy.has(key)) return leftover('wait', 'steps are under way', 'never');
  if (held !== undefined) return leftover('hold', `'${declaredBy}' cannot be used, what runs stays: ${held}`, 'never');
  const declared = desired.declared.has(declaredBy);
  if (!declared && prune === 'none') return leftover('keep', 'not in the source; nothing is pruned now', 'never');
  if (!declared && !mayPrune(prune, declaredBy)) {
    return leftover('keep', 'not in the source; to be removed once that is certain', 'never');
  }
  if (pod.foreign.length > 0) {
    const names = pod.foreign.map(name => `'${name}'`).join(', ');
    return leftover('hold', `to be removed, but holds ${names}, which is not ours: move it out first`, 'never');
  }
  const cost = stopText(pod.containers.size);
  if (!declared) return leftover('remove', 'no longer in the source', 'now', cost);
  return leftover('remove', `'${declaredBy}' no longer asks for it`, 'replaced', cost);
}
