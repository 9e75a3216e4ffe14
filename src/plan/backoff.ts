import type { ActualContainer } from '../model/actual.ts';
import type { ContainerRecord } from '../model/record.ts';

/** Kubernetes' CrashLoopBackOff: 10 s, doubling to 5 min (Kubernetes, pod lifecycle, "restart policy"). */
const firstDelayMs = 10_000;
const longestDelayMs = 300_000;
/** A container that ran this long starts anew (same page). */
const resetAfterMs = 600_000;

/** When a container that ended is started again. */
export interface Restart {
  /** Milliseconds since the epoch; may be past. */
  readonly dueMs: number;
  /** The record's counters once it has been started. */
  readonly counts: { readonly backoffCount: number; readonly restarts: number };
}

/** The first exit is answered at once, later ones by the back-off. @param now milliseconds since the epoch */
export function restartOf(container: ActualContainer, record: ContainerRecord | undefined, now: number): Restart {
  const ranMs = container.exitedAtMs - container.startedAtMs;
  const backoffCount = ranMs >= resetAfterMs ? 0 : (record?.backoffCount ?? 0);
  return {
    dueMs: isPast(container.exitedAtMs, now) ? container.exitedAtMs + delayMs(backoffCount) : now,
    counts: { backoffCount: backoffCount + 1, restarts: (record?.restarts ?? 0) + 1 },
  };
}

/** When what failed `count` times in a row is tried again, after the last failure. */
export function retryDelayMs(count: number): number {
  return delayMs(count - 1) || 1_000;
}

/** Clocks are corrected by seconds, in milliseconds. */
const correctionMs = 5_000;

/** Whether something can have happened then: after a clock was set back, what was noted before lies in the future. */
export function isPast(atMs: number, now: number): boolean {
  return atMs <= now + correctionMs;
}

function delayMs(count: number): number {
  return count <= 0 ? 0 : Math.min(firstDelayMs * 2 ** (count - 1), longestDelayMs);
}
