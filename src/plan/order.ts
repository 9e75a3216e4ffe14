import type { Actual, ActualPod } from '../model/actual.ts';
import { appliedAfter } from '../model/applied.ts';
import type { Desired, DesiredPod } from '../model/desired.ts';
import type { Key } from '../model/key.ts';
import { inOrder, type Order } from '../model/order.ts';
import type { Change } from '../model/plan.ts';
import { conflictsOf } from './conflict.ts';
import { renamesOf } from './drift.ts';
import { notYetReady } from './readiness.ts';
import type { Leftover } from './removal.ts';
import { repairOf } from './repair.ts';
import { isFinished } from './run.ts';
import type { Decision, Work } from './work.ts';

/** What pods wait for each other in. */
export interface OrderView {
  readonly desired: Desired;
  readonly actual: Actual;
  readonly busy: ReadonlySet<Key>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Holds back the start of pods until what they are to start after is ready, or has ended well. What runs is never
 * stopped for that: a pod that would be made anew goes on as it is meanwhile, and its containers are restarted. They
 * get the names that they are to have, too: what is waited for may need the one that they have now.
 */
export function holdForOrder(decisions: readonly Decision[], view: OrderView): readonly Decision[] {
  const found = new Map(decisions.map(each => [each.change.key, each] as const));
  for (const { change } of firstFirst(decisions, view)) {
    const decision = found.get(change.key);
    if (decision?.work !== undefined) found.set(change.key, holdOne(decision, decision.work, found, view));
  }
  return decisions.map(each => found.get(each.change.key) ?? each);
}

/** Those that others wait for before them, so that each finds what became of the earlier ones. */
function firstFirst(decisions: readonly Decision[], { desired }: OrderView): readonly Decision[] {
  const waiting = decisions.filter(({ change }) => desired.pods.get(change.key)?.after !== undefined);
  if (waiting.length === 0) return [];
  const declared = (decision: Decision): Key | undefined => desired.pods.get(decision.change.key)?.declaredBy;
  const places = new Map(inOrder(orderOf(desired)).map((key, at) => [key, at] as const));
  const placeOf = (decision: Decision): number => places.get(declared(decision) ?? decision.change.key) ?? places.size;
  return waiting.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function orderOf({ pods }: Desired): Order {
  const sorted = [...pods.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return new Map(sorted.map(({ declaredBy, after = [] }) => [declaredBy, after] as const));
}

/** Why something is not ready yet; `untilMs` as a change has it. */
interface Lack {
  readonly why: string;
  /** Nothing is going to mend it by itself. */
  readonly isFinal: boolean;
  readonly untilMs?: number | undefined;
}

type Found = ReadonlyMap<Key, Decision>;

function holdOne(decision: Decision, work: Work, found: Found, view: OrderView): Decision {
  const { after = [], declaredBy } = work.pod;
  if (!work.startsSandbox || after.length === 0 || isInTheWay(declaredBy, found, view)) return decision;
  const lacks = after.flatMap(key => {
    const lack = lackOf(key, found, view);
    return lack === undefined ? [] : [{ key, ...lack }];
  });
  if (lacks.length === 0) return decision;
  const due = lacks.flatMap(({ untilMs }) => untilMs ?? []);
  const change: Change = {
    ...decision.change,
    op: lacks.some(({ isFinal }) => isFinal) ? 'hold' : 'wait',
    why: lacks.map(({ key, why }) => `waits for '${key}' to be ready: ${why}`).join('; '),
    cost: '',
    untilMs: due.length === lacks.length ? Math.max(...due) : undefined,
    waitsFor: lacks.map(({ key }) => key),
  };
  const live = view.actual.pods.get(work.pod.key);
  const repair =
    live?.infra.state === 'running'
      ? repairOf(work.pod, live, view.now, outOfTheWay(work.pod, live, view.desired))
      : undefined;
  if (repair === undefined) return { change, work: undefined };
  const { op, why, cost } = repair.change;
  return { change: { ...change, op, why: `${why}; ${change.why}`, cost }, work: repair.work };
}

/** Its containers under the names that they are to have, and under another what nothing asks for any more and somebody needs. */
function outOfTheWay(pod: DesiredPod, live: ActualPod, { pods }: Desired): Work['rename'] {
  const own = [...pod.initContainers, ...pod.containers];
  const needed = new Set(
    [...pods.values()].flatMap(each => [
      each.engineName,
      ...[...each.initContainers, ...each.containers].map(container => container.engineName),
    ]),
  );
  const extra = [...live.containers.values()].filter(
    ({ name, engineName }) => needed.has(engineName) && own.every(container => container.name !== name),
  );
  const moved = extra.map(each => ({ live: each, engineName: `${each.engineName}-${each.id.slice(0, 12)}` }));
  return [...renamesOf(own, live, new Set()), ...moved];
}

/** Whether it has a port that one of those needs which it waits for: then neither would ever start. */
function isInTheWay(declaredBy: Key, found: Found, { desired, actual }: OrderView): boolean {
  const before = new Set<Key>();
  const queue = [declaredBy];
  const all = [...desired.pods.values()];
  for (const key of queue) {
    for (const next of all.find(pod => pod.declaredBy === key)?.after ?? []) {
      if (before.has(next)) continue;
      before.add(next);
      queue.push(next);
    }
  }
  return all.some(pod => {
    if (!before.has(pod.declaredBy) || found.get(pod.key)?.work?.startsSandbox !== true) return false;
    const holders = [...conflictsOf(pod, actual, desired.volumes).keys()];
    return holders.some(holder => holder.declaredBy === declaredBy);
  });
}

/** What an object lacks before those after it may start; undefined where nothing, or where it has no pods. */
function lackOf(key: Key, found: Found, view: OrderView): Lack | undefined {
  const { desired, actual } = view;
  const pods = [...desired.pods.values()].filter(pod => pod.declaredBy === key);
  const lacks = pods.toSorted((a, b) => (a.key < b.key ? -1 : 1)).flatMap(pod => lackOfPod(pod, found, view) ?? []);
  if (lacks.length > 0) return lacks.find(({ isFinal }) => isFinal) ?? lacks[0];
  const held = pods.length > 0 ? undefined : desired.held.get(key);
  if (held === undefined) return undefined;
  const standing = [...actual.pods.values()].filter(pod => pod.declaredBy === key);
  if (standing.length > 0 && standing.every(stands)) return undefined;
  return { why: `it cannot be used: ${held}`, isFinal: true };
}

/** Of a pod that is held back: it serves as it did. */
function stands({ infra, containers }: ActualPod): boolean {
  return (
    infra.state === 'running' &&
    [...containers.values()].some(({ state }) => state === 'running') &&
    [...containers.values()].every(({ health }) => health === undefined || health.ready)
  );
}

function lackOfPod(pod: DesiredPod, found: Found, { actual, busy }: OrderView): Lack | undefined {
  const live = actual.pods.get(pod.key);
  const { change, work } = found.get(pod.key) ?? {};
  if (busy.has(pod.key)) return { why: 'steps are under way', isFinal: false };
  const isFinal = change?.op === 'hold';
  const untilMs = change?.untilMs;
  if (live === undefined) {
    const isComing = work !== undefined || change === undefined;
    return { why: isComing ? 'it is not there yet' : change.why, isFinal, untilMs };
  }
  if (work !== undefined && disturbs(work)) return { why: change?.why ?? '', isFinal: false };
  const ended = pod.containers.filter(({ name }) => {
    const container = live.containers.get(name);
    return container !== undefined && isFinished(pod, container);
  });
  const failed = ended.find(({ name }) => live.containers.get(name)?.exitCode !== 0);
  if (failed !== undefined) return { why: `container '${failed.name}' has failed for good`, isFinal: true };
  if (live.record?.ended !== undefined) return { why: live.record.ended.message, isFinal: true };
  if (ended.length === pod.containers.length) return undefined;
  const rest = pod.containers.filter(container => !ended.includes(container));
  const down = rest.find(
    ({ name }) => live.infra.state !== 'running' || live.containers.get(name)?.state !== 'running',
  );
  if (down !== undefined)
    return { why: change?.op === 'keep' ? 'it does not run' : (change?.why ?? ''), isFinal, untilMs };
  // One that runs only once is waited for to its end, where no probe tells that it serves before.
  const unended = rest.find(({ probes }) => pod.restartPolicy !== 'Always' && probes?.readiness === undefined);
  if (unended !== undefined) return { why: `container '${unended.name}' has not ended yet`, isFinal: false };
  const unready = notYetReady({ ...pod, containers: rest }, live);
  return unready === undefined ? undefined : { why: unready, isFinal: false };
}

/** Whether what stands is touched, or still to be started. */
function disturbs(work: Work): boolean {
  return work.createPod || [...work.start, ...work.stop, ...work.remove].length > 0;
}

/** Pods in the order in which they go: what came after another goes before it. */
export function lastFirst(leftovers: readonly Leftover[]): readonly Leftover[] {
  const order = new Map(
    leftovers.map(({ actual }) => [actual.declaredBy, appliedAfter(actual.record?.applied)] as const),
  );
  const followersOf = (key: Key): readonly Key[] =>
    [...order].flatMap(([each, before]) => (before.includes(key) ? [each] : []));
  const backwards = new Map([...order.keys()].map(key => [key, followersOf(key)] as const));
  const places = new Map(inOrder(backwards).map((key, at) => [key, at] as const));
  const placeOf = ({ actual }: Leftover): number => places.get(actual.declaredBy) ?? places.size;
  return leftovers.toSorted((a, b) => placeOf(a) - placeOf(b));
}
