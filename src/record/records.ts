import type { Key } from '../model/key.ts';
import type { RecordPatch } from '../model/plan.ts';
import type { FailureRecord, PodRecord } from '../model/record.ts';

/** What is remembered between passes, one small record a pod. Losing it costs history, never a restart. */
export interface Records {
  /**
   * All records that can be read; an unreadable one counts as lost and is said in the log, never thrown.
   *
   * @throws Error with code `STATE_NEWER` where a later version wrote one: nothing may be decided without it
   */
  load(): Promise<ReadonlyMap<Key, PodRecord>>;
  /** Merges a patch into the record, making it where there is none. Durable (fsync) when it resolves. */
  write(pod: Key, patch: RecordPatch): Promise<void>;
  /** Notes a failure to bring the pod to its desired state, or (undefined) that there is none any more. */
  fail(pod: Key, declaredBy: Key, failure: FailureRecord | undefined): Promise<void>;
  remove(pod: Key): Promise<void>;
}
