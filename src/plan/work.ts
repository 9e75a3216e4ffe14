import type { ActualContainer, ActualPod } from '../model/actual.ts';
import type { DesiredContainer, DesiredFiles, DesiredPod } from '../model/desired.ts';
import type { Change, RecordPatch } from '../model/plan.ts';
import type { EndedRecord } from '../model/record.ts';

/** What has to be done for one pod, before it is cut into steps. */
export interface Work {
  readonly pod: DesiredPod;
  readonly uid: string;
  /** The pod to be removed first, where its sandbox differs. */
  readonly removePod: ActualPod | undefined;
  readonly createPod: boolean;
  /** Whether the first start brings the sandbox up, and with it takes its ports. */
  readonly startsSandbox: boolean;
  readonly emptyDirs: readonly string[];
  readonly files: readonly DesiredFiles[];
  /** Containers that go, because they differ or nothing asks for them. */
  readonly remove: readonly ActualContainer[];
  readonly create: readonly DesiredContainer[];
  /** Names of those that are made from the image that the engine has, whatever their pull policy. */
  readonly asFound: ReadonlySet<string>;
  /** Noted before any of them is touched. */
  readonly notes: RecordPatch['containers'];
  /** Containers that somebody gave another name, each with its own. */
  readonly rename: readonly { readonly live: ActualContainer; readonly engineName: string }[];
  /** Containers that get other limits as they stand. */
  readonly update: readonly { readonly live: ActualContainer; readonly container: DesiredContainer }[];
  /** Containers that run but must be started again: the sandbox under them is gone. */
  readonly stop: readonly ActualContainer[];
  /** What stops does so for good: in order, and nothing starts after it. */
  readonly ends: boolean;
  /** Noted before the stops: the pod has ended before its time. */
  readonly ended: EndedRecord | undefined;
  readonly start: readonly DesiredContainer[];
  /** Written before the starts: counters of restarts. */
  readonly counts: RecordPatch['containers'];
  /** Whether the record is brought up to date at the end. */
  readonly record: boolean;
}

/** The verdict on one pod: what differs, and the work, where there is any. */
export interface Decision {
  readonly change: Change;
  readonly work: Work | undefined;
}

/** No work; to be spread under what there is. */
export function noWork(pod: DesiredPod, uid: string): Work {
  return {
    pod,
    uid,
    removePod: undefined,
    createPod: false,
    startsSandbox: false,
    emptyDirs: [],
    files: [],
    remove: [],
    create: [],
    asFound: new Set(),
    notes: undefined,
    rename: [],
    update: [],
    stop: [],
    ends: false,
    ended: undefined,
    start: [],
    counts: undefined,
    record: false,
  };
}

/** Whether the pod has ended for good, and what stops is all that is left of it. */
export function endsPod({ ends, ended }: Work): boolean {
  return ends || ended !== undefined;
}

/** Whether anything would be done. */
export function isEmpty(work: Work): boolean {
  const lists = [work.emptyDirs, work.files, work.remove, work.create, work.rename, work.update, work.stop, work.start];
  if (work.ended !== undefined) return false;
  return !work.createPod && work.removePod === undefined && !work.record && lists.every(list => list.length === 0);
}
