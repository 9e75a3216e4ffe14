import type { ActualPod } from '../model/actual.ts';
import type { Desired } from '../model/desired.ts';
import type { EndedRecord } from '../model/record.ts';
import { member } from './json.ts';

/** A pod that may have a deadline. */
export interface Limited {
  readonly activeDeadlineSeconds?: number | undefined;
}

/** When a pod has run for as long as it may, in milliseconds since the epoch; undefined where it has no limit. */
export function deadlineOf({ activeDeadlineSeconds }: Limited, { infra }: ActualPod): number | undefined {
  if (activeDeadlineSeconds === undefined || infra.createdAtMs === 0) return undefined;
  return infra.createdAtMs + activeDeadlineSeconds * 1000;
}

/**
 * Why a pod has ended before its time: as it was noted, and so also where its deadline was put off since; or by its
 * deadline. Undefined while it may run.
 */
export function endedBy(pod: Limited, actual: ActualPod, now: number): EndedRecord | undefined {
  const noted = actual.record?.ended;
  if (noted !== undefined) return noted;
  const deadlineMs = deadlineOf(pod, actual);
  if (deadlineMs === undefined || deadlineMs > now) return undefined;
  const message = `it ran for longer than its ${pod.activeDeadlineSeconds} s`;
  return { reason: 'DeadlineExceeded', message, atMs: now };
}

/** The deadline that a pod was last applied with. */
export function appliedDeadline({ record }: ActualPod): number | undefined {
  const seconds = member(record?.applied?.inPlace, 'activeDeadlineSeconds');
  return typeof seconds === 'number' ? seconds : undefined;
}

/** Deadlines that lie ahead, of all pods. */
export function deadlinesAhead(desired: Desired, pods: ReadonlyMap<string, ActualPod>, now: number): readonly number[] {
  return [...pods.values()].flatMap(actual => {
    const pod = desired.pods.get(actual.key) ?? { activeDeadlineSeconds: appliedDeadline(actual) };
    const deadlineMs = deadlineOf(pod, actual);
    return deadlineMs === undefined || deadlineMs <= now || actual.record?.ended !== undefined ? [] : [deadlineMs];
  });
}
