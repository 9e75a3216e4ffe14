import type { Change, ChangeOp } from '../model/plan.ts';
import type { HistoryEntry } from '../model/record.ts';

const participles: Readonly<Partial<Record<ChangeOp, string>>> = {
  create: 'created',
  recreate: 'recreated',
  replace: 'replaced',
  update: 'updated',
  start: 'started',
  restart: 'restarted',
};

/** What the record remembers of a change that was made. */
export function historyOf(change: Change, revision: string, atMs: number): HistoryEntry {
  return {
    atMs,
    revision,
    location: change.location,
    result: participles[change.op] ?? change.op,
    why: change.why,
    fields: change.fields.map(field => field.path),
  };
}
