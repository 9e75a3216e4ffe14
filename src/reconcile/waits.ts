import type { Desired } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import type { Plan } from '../model/plan.ts';
import type { PodRecord } from '../model/record.ts';
import type { Records } from '../record/records.ts';

interface Decided {
  readonly plan: Plan;
  readonly desired: Desired;
  readonly records: ReadonlyMap<Key, PodRecord>;
}

/**
 * Notes what pods wait for, each time that it changes: of a pod that was never made nothing else would tell. What cannot
 * be noted now is tried again at the next look.
 */
export async function noteWaits(into: Records, { plan, desired, records }: Decided): Promise<void> {
  for (const { key, waitsFor: on = [] } of plan.changes) {
    const known = records.get(key);
    if (on.join() === (known?.waitsFor ?? []).join()) continue;
    const { declaredBy, origin } = desired.pods.get(key) ?? known ?? {};
    if (declaredBy === undefined || origin === undefined) continue;
    await into.write(key, { waits: { on, declaredBy, origin } }).catch(() => undefined);
  }
}
