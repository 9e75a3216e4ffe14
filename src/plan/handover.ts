import type { ActualPod } from '../model/actual.ts';
import { appliedAfter, appliedInits, appliedRole } from '../model/applied.ts';
import type { Desired } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import { engineNameOf } from '../model/names.ts';
import type { StepBuilder } from './builder.ts';
import { conflictsOf } from './conflict.ts';
import { member } from './json.ts';
import { lastFirst } from './order.ts';
import type { Leftover } from './removal.ts';
import type { Made, StepInput } from './steps.ts';
import { hookedStarts, stopHooked } from './stopping.ts';
import type { Work } from './work.ts';

/** Grace of a pod of which no record tells any, in seconds (Kubernetes' default). */
const defaultGraceSeconds = 30;

/** How ports and single-writer volumes pass from old pods to new ones. */
export interface HandOver {
  /** By key of the new pod: the steps that set free what it needs. */
  readonly releases: ReadonlyMap<Key, readonly number[]>;
  /** By key of the old pod: the step that stopped it, and the new pods that it was stopped for. */
  readonly stops: ReadonlyMap<Key, { readonly id: number; readonly heirs: readonly Key[] }>;
}

/** Stops the pods whose ports or volumes new ones need, as late as can be: when the new ones stand ready to start. */
export function handOver(
  builder: StepBuilder,
  works: readonly Work[],
  made: ReadonlyMap<Key, Made>,
  room: ReadonlyMap<Key, number | undefined>,
  { actual, desired, leftovers }: StepInput,
): HandOver {
  const waiting = works
    .filter(work => work.startsSandbox)
    .map(({ pod }) => ({ key: pod.key, others: [...conflictsOf(pod, actual, desired.volumes).keys()] }));
  const stops = new Map<Key, { id: number; heirs: readonly Key[] }>();
  for (const { actual: old } of leftovers.filter(leftover => leftover.removal !== 'never')) {
    const heirs = waiting.filter(({ others }) => others.includes(old)).map(({ key }) => key);
    if (heirs.length === 0) continue;
    const before = heirs.flatMap(key => made.get(key)?.all ?? []);
    const graceSeconds = graceOf(old);
    const hooked = stopHooked(builder, { pod: old.key, actual: old, graceSeconds }, before);
    const action = { verb: 'stopPod', pod: old.key, id: old.id, graceSeconds } as const;
    stops.set(old.key, { id: builder.add(old.key, action, [...before, ...hooked]), heirs });
  }
  const release = (other: ActualPod): readonly number[] => {
    const id = stops.get(other.key)?.id ?? room.get(other.key);
    return id === undefined ? [] : [id];
  };
  return { stops, releases: new Map(waiting.map(({ key, others }) => [key, others.flatMap(release)])) };
}

/** Removes the pods that nothing desires: what came after another goes before it. */
export function removeLeftovers(
  builder: StepBuilder,
  started: ReadonlyMap<Key, readonly number[]>,
  handedOver: HandOver,
  { leftovers, desired }: Pick<StepInput, 'leftovers' | 'desired'>,
): void {
  const going = leftovers.filter(({ removal }) => removal !== 'never');
  const gone: { readonly after: readonly Key[]; readonly id: number }[] = [];
  for (const leftover of lastFirst(going)) {
    const { declaredBy, record } = leftover.actual;
    const later = gone.filter(({ after }) => after.includes(declaredBy)).map(({ id }) => id);
    const id = removeLeftover(builder, leftover, { started, later }, handedOver, desired);
    if (leftover.removal === 'now') gone.push({ after: appliedAfter(record?.applied), id });
  }
}

interface Before {
  /** By key of a new pod: its starts. */
  readonly started: ReadonlyMap<Key, readonly number[]>;
  /** Removals of what came after it. */
  readonly later: readonly number[];
}

/** Removes a pod after everything that stands in for it was started; returns the step that does. */
function removeLeftover(
  builder: StepBuilder,
  { actual: old, removal }: Leftover,
  { started, later }: Before,
  { stops }: HandOver,
  desired: Desired,
): number {
  const stop = stops.get(old.key);
  const successors = [...started.keys()].filter(
    key => removal === 'replaced' && desired.pods.get(key)?.declaredBy === old.declaredBy,
  );
  const starts = [...new Set([...successors, ...(stop?.heirs ?? [])])].flatMap(key => started.get(key) ?? []);
  for (const heir of stop?.heirs ?? []) addWayBack(builder, old, heir, started.get(heir) ?? []);
  const { key, id, uid } = old;
  const before = [stop?.id, ...starts, ...later];
  const graceSeconds = graceOf(old);
  // What was stopped for its heirs has run its hooks.
  const hooked = stop === undefined ? stopHooked(builder, { pod: key, actual: old, graceSeconds }, before) : [];
  const removed = builder.add(key, { verb: 'removePod', pod: key, id, uid, graceSeconds }, [...before, ...hooked]);
  builder.add(key, { verb: 'removeRecord', pod: key }, [removed]);
  return removed;
}

/** What was stopped for a new pod starts again when that does not, after its sandbox has let go of what they share. */
function addWayBack(builder: StepBuilder, old: ActualPod, heir: Key, starts: readonly number[]): void {
  const stopHeir = { verb: 'stopPod', pod: heir, id: engineNameOf(heir), graceSeconds: 0 } as const;
  const containers = namesToRevive(old);
  const hooked = hookedStarts(old, containers, graceOf(old));
  const startOld = { verb: 'startPod', pod: old.key, id: old.id, containers, ...hooked } as const;
  for (const start of starts) {
    const stopped = builder.add(heir, stopHeir, [start], 'failed');
    builder.add(old.key, startOld, [stopped]);
  }
}

/** The grace of a pod as it was last applied, in seconds. */
export function graceOf(pod: ActualPod): number {
  const grace = member(pod.record?.applied?.inPlace, 'terminationGracePeriodSeconds');
  return typeof grace === 'number' ? grace : defaultGraceSeconds;
}

/** The sidecars, and then the main containers; all of them where no record tells init containers apart. */
function namesToRevive(pod: ActualPod): readonly string[] {
  const applied = pod.record?.applied;
  const sidecars = appliedInits(applied).filter(name => appliedRole(applied, name) === 'sidecar');
  const mains = [...pod.containers.keys()].filter(name => appliedRole(applied, name) === 'main');
  return [...sidecars.filter(name => pod.containers.has(name)), ...mains.toSorted()];
}
