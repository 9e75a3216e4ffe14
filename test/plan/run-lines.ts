import type { Run } from '../../src/plan/run.ts';
import { now } from './scenario.ts';

/** What a run comes to, as lines. */
export function linesOf({ start, stop, reasons, waits, failed, counts, initializing }: Run): readonly string[] {
  return [
    ...stop.map(({ name }) => `stop ${name}`),
    ...start.map(({ name }) => `start ${name}`),
    ...reasons.map(reason => `as ${reason}`),
    ...waits.map(({ why, untilMs }) => `wait ${why}${untilMs === undefined ? '' : ` for ${untilMs - now} ms`}`),
    ...Object.entries(counts).map(([name, count]) => `count ${name} ${count.backoffCount} ${count.restarts}`),
    ...(failed === undefined ? [] : [`failed ${failed}`]),
    ...(initializing ? ['initializing'] : []),
  ];
}
