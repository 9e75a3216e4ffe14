import type { ActualPod } from '../model/actual.ts';
import type { CanonicalPod, DesiredContainer, DesiredFiles, DesiredPod } from '../model/desired.ts';
import type { Digest, Key } from '../model/key.ts';
import type { Change, ChangeOp, FieldChange } from '../model/plan.ts';
import type { FailureRecord, PodRecord } from '../model/record.ts';
import { isPast, retryDelayMs } from './backoff.ts';
import { endedBy } from './deadline.ts';
import { driftOf, renamesOf } from './drift.ts';
import { fieldChanges, sameJson } from './fields.ts';
import type { Follows } from './follow.ts';
import { differsInLimits } from './limits.ts';
import { memoryReason } from './memory.ts';
import { recreateReason, replaceReason } from './reason.ts';
import { repairOf } from './repair.ts';
import { runOf } from './run.ts';
import { stopText, times, verdict, type Wanted } from './verdict.ts';
import { type Decision, noWork, type Work } from './work.ts';

/** What a decision needs to know besides the pod. */
export interface DecideOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly busy: ReadonlySet<Key>;
  readonly records: ReadonlyMap<Key, PodRecord>;
  /** A person asked: failures are tried again at once. */
  readonly retryNow: boolean;
  /** Uids of pods that are made anew though nothing differs. */
  readonly refresh?: ReadonlySet<string>;
  /** The engine keeps limits that change in place. */
  readonly keepsLimits?: boolean;
  readonly uid: (key: Key) => string;
  readonly fingerprint: (pod: DesiredPod) => Digest;
  /** Why the pod cannot be made now, whatever it wants: a name or port that is not ours; undefined where nothing stands against it. */
  readonly obstacle: (pod: DesiredPod, actual: ActualPod | undefined) => string | undefined;
  /** The form last applied of what the pod stands in for: a Deployment's pod before its template changed. */
  readonly predecessor: (pod: DesiredPod) => CanonicalPod | undefined;
  /** What becomes of its containers that follow their images. */
  readonly follows: (pod: DesiredPod, actual: ActualPod, known: PodRecord | undefined) => Follows;
  /** What of an earlier plan the pod has to wait for: an image on its way. */
  readonly underWay: (work: Work) => string | undefined;
}

/** The whole decision about one pod that is desired. */
export function decide(pod: DesiredPod, actual: ActualPod | undefined, opts: DecideOptions): Decision {
  const record = opts.records.get(pod.key);
  const change = (op: ChangeOp, why: string, cost = '', untilMs?: number): Change => ({
    op,
    key: pod.key,
    why,
    cost,
    fields: op === 'keep' ? [] : fieldsOf(pod, actual, record, opts),
    location: pod.origin,
    untilMs,
  });
  if (opts.busy.has(pod.key)) return { change: change('wait', 'steps are under way'), work: undefined };
  const wanted = actual === undefined ? creation(pod, opts) : alteration(pod, actual, record, opts);
  const retryMs = opts.retryNow ? undefined : retryAt(pod, record, opts);
  if (retryMs !== undefined && retryMs > opts.now && wanted.work !== undefined) {
    // What fails must not stop the rest from being kept running as it is.
    const isStart = wanted.op === 'start' || wanted.op === 'restart';
    const repair = isStart || actual === undefined ? undefined : repairOf(pod, actual, opts.now);
    const why = `${wanted.why}; failed ${times(record?.failure?.count ?? 1)}: ${record?.failure?.message}`;
    return repair ?? { change: change('wait', why, '', retryMs), work: undefined };
  }
  if (wanted.touches) {
    const underWay = wanted.work && opts.underWay(wanted.work);
    if (underWay !== undefined) return { change: change('wait', underWay), work: undefined };
    const obstacle = opts.obstacle(pod, actual);
    if (obstacle !== undefined) return { change: change('hold', obstacle), work: undefined };
  }
  return { change: change(wanted.op, wanted.why, wanted.cost, wanted.untilMs), work: wanted.work };
}

function fieldsOf(
  pod: DesiredPod,
  actual: ActualPod | undefined,
  record: PodRecord | undefined,
  opts: DecideOptions,
): readonly FieldChange[] {
  if (actual === undefined) return fieldChanges(pod, opts.predecessor(pod));
  const known = knownRecord(actual, record);
  const followed = [...opts.follows(pod, actual, known).replaced.values()].map(({ field }) => field);
  return [...fieldChanges(pod, known?.applied), ...followed, ...driftOf(pod, actual)];
}

function creation(pod: DesiredPod, opts: DecideOptions): Wanted {
  const work = newPod(pod, opts.uid(pod.key));
  return { op: 'create', why: 'not present', cost: '', work, touches: true };
}

function newPod(pod: DesiredPod, uid: string): Work {
  const first = pod.initContainers.slice(0, 1);
  return {
    ...noWork(pod, uid),
    createPod: true,
    startsSandbox: true,
    emptyDirs: pod.volumes.filter(volume => volume.type === 'emptyDir').map(volume => volume.name),
    files: pod.volumes.filter(volume => volume.type === 'files'),
    create: [...pod.initContainers, ...pod.containers],
    start: first.length > 0 ? first : pod.containers,
    record: true,
  };
}

function alteration(pod: DesiredPod, actual: ActualPod, record: PodRecord | undefined, opts: DecideOptions): Wanted {
  const known = knownRecord(actual, record);
  const sidecars = pod.initContainers.filter(({ sidecar }) => sidecar);
  const beside = [...sidecars, ...pod.containers];
  const follows = opts.follows(pod, actual, known);
  const differing = beside.flatMap(container => {
    const why = replaceReason(container, actual.containers.get(container.name), known, opts.keepsLimits ?? false);
    return why === undefined ? (follows.replaced.get(container.name) ?? []) : [{ container, why }];
  });
  const made = differing.map(({ container }) => container);
  const isNoted = Object.keys(follows.notes).length > 0;
  const hasEnded = endedBy(pod, { ...actual, record: known }, opts.now) !== undefined;
  const recreate =
    recreateReason(pod, actual, opts.refresh) ??
    (hasEnded ? otherWish(pod, actual, known) : memoryReason(pod, actual, made, known?.applied));
  if (recreate !== undefined) {
    if (actual.foreign.length > 0) return foreignHold(pod, actual, recreate);
    const work = { ...newPod(pod, opts.uid(pod.key)), removePod: actual };
    return {
      op: 'recreate',
      why: recreate,
      cost: `pod is recreated: ${stopText(actual.containers.size)}`,
      work,
      touches: true,
    };
  }
  if (hasEnded) return ended(pod, actual, known, opts);
  const missing = pod.initContainers.filter(({ name, sidecar }) => !sidecar && !actual.containers.has(name));
  const extra = [...actual.containers.values()].filter(({ name }) => !wantedNames(pod).has(name));
  const replaced = new Set(differing.map(({ container }) => container.name));
  const resized = beside.flatMap(container => {
    const live = replaced.has(container.name) ? undefined : actual.containers.get(container.name);
    return live && differsInLimits(container, live, known?.containers[container.name]) ? [{ live, container }] : [];
  });
  const run = runOf(pod, { ...actual, record: known }, opts.now, { replaced });
  const files = staleFiles(pod, actual);
  const work: Work = {
    ...noWork(pod, actual.uid),
    emptyDirs: emptyDirsOf(pod, made),
    files,
    startsSandbox: actual.infra.state !== 'running' && run.start.length > 0,
    remove: [...extra, ...differing.flatMap(({ container }) => actual.containers.get(container.name) ?? [])],
    create: [...missing, ...made],
    asFound: new Set(follows.replaced.keys()),
    notes: isNoted ? follows.notes : undefined,
    rename: renamesOf([...pod.initContainers, ...pod.containers], actual, replaced),
    update: resized,
    stop: run.stop,
    ends: run.ends,
    start: run.start,
    counts: Object.keys(run.counts).length === 0 ? undefined : run.counts,
    record: !isRecorded(pod, known) || replaced.size > 0 || extra.length > 0 || resized.length > 0,
  };
  const reasons = [
    ...differing.map(({ container, why }) => `container '${container.name}' ${why}`),
    ...missing.map(({ name }) => `init container '${name}' is gone`),
    ...extra.map(({ name }) => `container '${name}' is no longer asked for`),
  ];
  return verdict(work, reasons, { ...run, waits: [...run.waits, ...follows.waits] }, known === undefined);
}

/** A pod that was ended stays as it is, whatever becomes of its containers, until something else is wanted. */
function ended(pod: DesiredPod, actual: ActualPod, known: PodRecord | undefined, { now }: DecideOptions): Wanted {
  const run = runOf(pod, { ...actual, record: known }, now);
  const work: Work = {
    ...noWork(pod, actual.uid),
    files: staleFiles(pod, actual),
    stop: run.stop,
    ends: run.ends,
    ended: known?.ended === undefined ? run.ended : undefined,
    record: !isRecorded(pod, known),
  };
  return verdict(work, [], run, known === undefined);
}

function isRecorded(pod: DesiredPod, known: PodRecord | undefined): boolean {
  return known?.applied !== undefined && sameJson(known.applied as never, pod.canonical as never);
}

function otherWish(pod: DesiredPod, actual: ActualPod, known: PodRecord | undefined): string | undefined {
  const isOther = ({ name, digest }: DesiredContainer): boolean =>
    (actual.containers.get(name)?.digest ?? digest) !== digest;
  const differs =
    known?.applied === undefined
      ? [...pod.initContainers, ...pod.containers].some(isOther)
      : !sameJson(known.applied.containers, pod.canonical.containers);
  return differs ? 'it has ended, and its containers differ' : undefined;
}

/** A record speaks of a pod only when it is of that pod's uid. */
function knownRecord(actual: ActualPod | undefined, record: PodRecord | undefined): PodRecord | undefined {
  return record !== undefined && actual !== undefined && record.uid === actual.uid ? record : undefined;
}

function staleFiles(pod: DesiredPod, actual: ActualPod): readonly DesiredFiles[] {
  return pod.volumes
    .filter(volume => volume.type === 'files')
    .filter(({ name, digest }) => actual.files.get(name) !== digest);
}

/** Making one that exists is done work, so those of every new container are named when any container is made anew. */
function emptyDirsOf(pod: DesiredPod, made: readonly DesiredContainer[]): readonly string[] {
  const used = new Set(made.flatMap(container => container.mounts.map(mount => mount.volume)));
  return pod.volumes.filter(volume => volume.type === 'emptyDir' && used.has(volume.name)).map(volume => volume.name);
}

function wantedNames(pod: DesiredPod): ReadonlySet<string> {
  return new Set([...pod.initContainers, ...pod.containers].map(({ name }) => name));
}

function foreignHold(pod: DesiredPod, actual: ActualPod, why: string): Wanted {
  const names = actual.foreign.map(name => `'${name}'`).join(', ');
  return {
    op: 'hold',
    why: `${why}, but '${pod.engineName}' holds ${names}, which is not ours: move it out first`,
    cost: '',
    work: undefined,
    touches: false,
  };
}

/** When what failed is tried again; undefined where nothing failed, or something else is wanted now. */
function retryAt(pod: DesiredPod, record: PodRecord | undefined, opts: DecideOptions): number | undefined {
  const failure = failureOf(pod, record, opts);
  return failure && isPast(failure.atMs, opts.now) ? failure.atMs + retryDelayMs(failure.count) : undefined;
}

/** The last failure to get just this, where there is one. */
export function failureOf(
  pod: DesiredPod,
  record: PodRecord | undefined,
  opts: Pick<DecideOptions, 'fingerprint'>,
): FailureRecord | undefined {
  const failure = record?.failure;
  // A fingerprint is a digest over all of the pod: only where there is something to compare it with.
  return failure !== undefined && failure.fingerprint === opts.fingerprint(pod) ? failure : undefined;
}
