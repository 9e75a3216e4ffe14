import type { Change, ChangeOp } from '../model/plan.ts';
import type { HistoryEntry } from '../model/record.ts';

const participles: Readonly<Record<ChangeOp, string>> = {
  create: 'created',
  recreate: 'recreated',
  replace: 'updated',
  update: 'updated in place',
  start: 'started',
  restart: 'restarted',
  stop: 'stopped',
  remove: 'removed',
  check: 'checked',
  keep: 'unchanged',
  wait: 'waiting',
  hold: 'held back',
};

/** The result that a change's verb comes to, in records, logs and output alike. */
export function participle(op: ChangeOp): string {
  return participles[op];
}

/** What the record remembers of a change that was made. */
export function historyOf(change: Change, revision: string, atMs: number): HistoryEntry {
  return {
    atMs,
    revision,
    location: change.location,
    result: participle(change.op),
    why: change.why,
    fields: change.fields.map(field => field.path),
  };
}
