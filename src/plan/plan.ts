import type { Actual, ActualPod } from '../model/actual.ts';
import type { CanonicalPod, Desired, DesiredPod, DesiredVolume } from '../model/desired.ts';
import type { Digest, Key } from '../model/key.ts';
import type { Change, Plan } from '../model/plan.ts';
import type { PodRecord } from '../model/record.ts';
import { stepBuilder } from './builder.ts';
import { addChecks, usualCheckMs } from './checks.ts';
import { hasUsed, isWhole, unmadeClaim } from './claims.ts';
import { conflictsOf, foreignObstacle } from './conflict.ts';
import { deadlinesAhead } from './deadline.ts';
import { decide, failureOf } from './decide.ts';
import { followsOf } from './follow.ts';
import { imagesOfPod } from './images.ts';
import { holdForOrder } from './order.ts';
import { withOwnNames } from './own-names.ts';
import { addImages, addVolumes, imageKey, isImageReady, usesOf } from './prepare.ts';
import { notYetReady } from './readiness.ts';
import { type Leftover, leftoversOf, type Prune } from './removal.ts';
import { keepStanding } from './standing.ts';
import { addSteps } from './steps.ts';
import { addSweep } from './sweep.ts';
import type { Decision, Work } from './work.ts';

/** What a plan is made for, besides the two states. */
export interface PlanOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly owner: string;
  /** Also those of pods that do not exist: they hold failures. */
  readonly records: ReadonlyMap<Key, PodRecord>;
  /** Keys with unfinished steps: they get none. */
  readonly busy: ReadonlySet<Key>;
  readonly prune: Prune;
  /** A person asked: failures are tried again at once. */
  readonly retryNow: boolean;
  /** Restart what stopped of pods that are held back or not yet certain to be absent. */
  readonly keepStanding: boolean;
  /** Makes the uid of a pod to be created. */
  readonly uid: (key: Key) => string;
  readonly fingerprint: (pod: DesiredPod) => Digest;
  /** Volumes with data that the user said to remove, by their engine names. */
  readonly removeVolumes?: ReadonlySet<string>;
  /** Uids of pods that are made anew though nothing differs: how fields are mapped has changed. */
  readonly refresh?: ReadonlySet<string>;
  /** The engine keeps limits that change in place. */
  readonly keepsLimits?: boolean;
  /** How often registries are asked for newer images, in ms; 0 means never, and a day where it is left out. */
  readonly checkEveryMs?: number | undefined;
}

/**
 * Decides what differs between desired and actual, and in which steps to mend it. Pure: the same input gives the same
 * plan, whatever the order of the maps.
 */
export function makePlan(desired: Desired, actual: Actual, opts: PlanOptions): Plan {
  const pods = withOwnNames([...desired.pods.values()].toSorted(byKey), actual);
  const decideOpts = {
    ...opts,
    obstacle: (pod: DesiredPod, present: ActualPod | undefined) =>
      foreignObstacle(pod, present, actual) ??
      neverPulled(pod, desired, actual) ??
      unmadeClaim(pod, desired, actual, opts.busy),
    follows: (pod: DesiredPod, live: ActualPod, known: PodRecord | undefined) =>
      followsOf(pod, live, known, desired, actual),
    predecessor: (pod: DesiredPod) => predecessorOf(pod, desired, actual),
    underWay: (work: Work) => imageUnderWay(work, desired, actual, opts.busy),
  };
  const first = pods.map(pod => decide(pod, actual.pods.get(pod.key), decideOpts));
  const leftovers = leftoversOf(desired, actual, opts.prune, opts.busy).toSorted((a, b) =>
    a.change.key < b.change.key ? -1 : 1,
  );
  const view = { desired, actual, busy: opts.busy, now: opts.now };
  const ordered = holdForOrder(first, view);
  const free = ordered.map(decision => holdForConflicts(decision, ordered, leftovers, actual, desired, opts));
  // What a pod waits for may be held back itself by now: told once more, of those that wait.
  const again = free.map((decision, at) => (decision.change.waitsFor && first[at]) || decision);
  const told = holdForOrder(again, view);
  const decisions = free.map((decision, at) => (decision.change.waitsFor && told[at]) || decision);
  const held = leftovers.map(leftover => holdUntilReplaced(leftover, decisions, desired, actual));

  const works = decisions.flatMap(decision => decision.work ?? []);
  const claims = [...desired.volumes.values()].filter(volume => !isWhole(volume, actual)).toSorted(byKey);
  const unmade = claims.filter(volume => !opts.busy.has(volume.key));
  const builder = stepBuilder();
  const images = addImages(builder, works, desired, actual);
  const prepared = { images, volumes: addVolumes(builder, unmade, images, actual) };
  const settled = opts.keepStanding ? held.map(each => keepStanding(builder, each, opts.now)) : held;
  addSteps(builder, { decisions, leftovers: settled, prepared, actual, desired, now: opts.now });
  const everyMs = opts.checkEveryMs ?? usualCheckMs;
  const checks = addChecks(builder, { desired, actual, now: opts.now, everyMs, busy: opts.busy, images });
  addSweep(builder, { desired, actual, leftovers: settled, ...opts });

  const changes = [...decisions, ...settled].map(each => each.change);
  const all = [...changes, ...unmade.map(claimChange(opts.records)), ...checks.changes].toSorted(byKey);
  const due = [
    ...all.flatMap(change => change.untilMs ?? []),
    ...deadlinesAhead(desired, actual.pods, opts.now),
    ...checks.dueMs,
  ];
  return {
    revision: desired.revision,
    changes: all,
    steps: builder.steps(),
    nextMs: due.length === 0 ? undefined : Math.min(...due),
  };
}

/** What a Deployment's pod stands in for: any of its pods that no longer is desired, as it was last applied. */
function predecessorOf(pod: DesiredPod, desired: Desired, actual: Actual): CanonicalPod | undefined {
  const old = [...actual.pods.values()].filter(
    ({ key, declaredBy }) => declaredBy === pod.declaredBy && !desired.pods.has(key),
  );
  return old.toSorted(byKey)[0]?.record?.applied;
}

/** A pull or build of an earlier plan is still running: the pod waits for its end rather than start a second. */
function imageUnderWay(work: Work, desired: Desired, actual: Actual, busy: ReadonlySet<Key>): string | undefined {
  const waiting = usesOf(work).find(({ image: reference, pullPolicy }) => {
    const image = desired.images.get(reference);
    if (!busy.has(imageKey(reference)) || image === undefined) return false;
    return !isImageReady(image, actual) || (pullPolicy === 'Always' && image.build === undefined);
  });
  return waiting === undefined ? undefined : `image '${waiting.image}' is on its way`;
}

/** An image that may not be pulled and is not there. */
function neverPulled(pod: DesiredPod, desired: Desired, actual: Actual): string | undefined {
  const missing = imagesOfPod(pod).find(
    ({ image, pullPolicy }) =>
      pullPolicy === 'Never' && !actual.images.has(image) && desired.images.get(image)?.build === undefined,
  );
  if (missing === undefined) return undefined;
  return `image '${missing.image}' is not present and imagePullPolicy is Never: load it, or allow pulling`;
}

/** A pod whose port another of ours keeps cannot start: it waits, instead of failing. */
function holdForConflicts(
  decision: Decision,
  decisions: readonly Decision[],
  leftovers: readonly Leftover[],
  actual: Actual,
  desired: Desired,
  opts: PlanOptions,
): Decision {
  const { work, change } = decision;
  if (!work?.startsSandbox) return decision;
  for (const [other, what] of conflictsOf(work.pod, actual, desired.volumes)) {
    const recreated = decisions.some(each => each.work?.removePod?.key === other.key);
    const removed = leftovers.some(each => each.actual.key === other.key && each.removal !== 'never');
    const hold = (why: string): Decision => ({ change: { ...change, op: 'hold', why }, work: undefined });
    if (!recreated && !removed) return hold(`waits for ${what}, which '${other.key}' has`);
    // Each try takes the port from what serves: one outage for a wish that failed is enough, unless a person asks.
    const failure = opts.retryNow ? undefined : failureOf(work.pod, opts.records.get(work.pod.key), opts);
    if (removed && failure !== undefined) {
      return hold(`failed to take over ${what} from '${other.key}', which serves again: ${failure.message}`);
    }
  }
  return decision;
}

/** Old pods stay until every pod that stands in for them is ready, or, where no probe tells that, is started by this very plan. */
function holdUntilReplaced(
  leftover: Leftover,
  decisions: readonly Decision[],
  desired: Desired,
  actual: Actual,
): Leftover {
  if (leftover.removal !== 'replaced') return leftover;
  const successors = decisions.filter(
    ({ change }) => desired.pods.get(change.key)?.declaredBy === leftover.actual.declaredBy,
  );
  const needs = ({ work }: Decision): boolean =>
    work?.startsSandbox === true && conflictsOf(work.pod, actual, desired.volumes).has(leftover.actual);
  const late = successors.filter(successor => !needs(successor)).flatMap(each => lateness(each, desired, actual) ?? []);
  const [why] = late;
  if (why === undefined) return leftover;
  return {
    ...leftover,
    removal: 'never',
    change: { ...leftover.change, op: 'hold', why: `stays until ${why}`, cost: '' },
  };
}

/** What the pod still lacks before it can stand in for another; undefined where nothing. */
function lateness({ change, work }: Decision, desired: Desired, actual: Actual): string | undefined {
  const { key, op, why } = change;
  if (work === undefined ? op !== 'keep' : !startsMains(work)) return `'${key}' runs: ${why}`;
  const pod = desired.pods.get(key);
  const unready = pod && notYetReady(pod, actual.pods.get(key));
  return unready === undefined ? undefined : `'${key}' is ready: ${unready}`;
}

function startsMains(work: Work): boolean {
  if (!work.createPod) return !work.start.some(container => work.pod.initContainers.includes(container));
  return work.pod.initContainers.length === 0;
}

function claimChange(records: ReadonlyMap<Key, PodRecord>): (volume: DesiredVolume) => Change {
  return volume => {
    const lost = [...records.values()].some(record => hasUsed(record, volume));
    const why = lost ? 'the volume is gone: it is made again, empty; what was in it is lost' : 'not present';
    return { op: 'create', key: volume.key, why, cost: '', fields: [], location: volume.origin, untilMs: undefined };
  };
}

function byKey(a: { readonly key: Key }, b: { readonly key: Key }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
