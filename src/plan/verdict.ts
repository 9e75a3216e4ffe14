import type { ChangeOp } from '../model/plan.ts';
import type { Run } from './run.ts';
import { endsPod, isEmpty, type Work } from './work.ts';

/** What is wanted of a pod, in words and as work. */
export interface Wanted {
  readonly op: ChangeOp;
  readonly why: string;
  readonly cost: string;
  readonly untilMs?: number | undefined;
  readonly work: Work | undefined;
  /** Whether names and ports have to be free for it. */
  readonly touches: boolean;
}

/** Names what the work on an existing pod amounts to, and what it costs. */
export function verdict(work: Work, reasons: readonly string[], run: Run, lost: boolean): Wanted {
  const untilMs = earliest(run.waits.flatMap(wait => wait.untilMs ?? []));
  const waits = run.waits.map(wait => wait.why).join('; ');
  if (isEmpty(work)) {
    if (run.failed !== undefined) return { op: 'hold', why: run.failed, cost: '', work: undefined, touches: false };
    if (waits !== '') return { op: 'wait', why: waits, cost: '', untilMs, work: undefined, touches: false };
    return {
      op: 'keep',
      why: run.ended === undefined ? 'up to date' : `it has ended: ${run.ended.message}`,
      cost: '',
      work: undefined,
      touches: false,
    };
  }
  if (reasons.length > 0) {
    const why = reasons.join('; ');
    const cost =
      work.remove.length > 0
        ? `${count(work.remove.length)} restart${work.remove.length === 1 ? 's' : ''}, about 1 s`
        : 'in place';
    return { op: 'replace', why, cost, untilMs, work, touches: true };
  }
  if (endsPod(work)) {
    const cost = work.stop.length > 0 ? stopText(work.stop.length) : 'in place';
    return { op: 'stop', why: run.reasons.join('; '), cost, work, touches: false };
  }
  const inPlace = [
    ...work.rename.map(({ live }) => `container '${live.name}' was renamed to '${live.engineName}'`),
    ...work.update.map(({ live }) => `container '${live.name}' has other resources`),
  ];
  if (work.start.length > 0) {
    const op = work.stop.length > 0 || work.counts !== undefined ? 'restart' : 'start';
    return {
      op,
      why: [...inPlace, ...run.reasons].join('; '),
      cost: `${count(work.start.length)} started`,
      untilMs,
      work,
      touches: work.rename.length > 0,
    };
  }
  if (work.stop.length > 0) {
    const why = [...inPlace, ...run.reasons].join('; ');
    return { op: 'restart', why, cost: stopText(work.stop.length), untilMs, work, touches: false };
  }
  if (inPlace.length > 0) {
    return { op: 'update', why: inPlace.join('; '), cost: 'in place', untilMs, work, touches: work.rename.length > 0 };
  }
  const names = work.files.map(files => `volume '${files.name}'`).join(', ');
  const why =
    names !== ''
      ? `${names} changed`
      : lost
        ? 'its record was lost and is written anew'
        : 'fields changed that touch nothing that runs';
  return { op: 'update', why, cost: 'in place', untilMs, work, touches: false };
}

function earliest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times);
}

/** `1 container`, `3 containers`. */
export function count(containers: number): string {
  return containers === 1 ? '1 container' : `${containers} containers`;
}

/** `1 container stops`, `3 containers stop`. */
export function stopText(containers: number): string {
  return `${count(containers)} stop${containers === 1 ? 's' : ''}`;
}

/** `once`, `3 times`. */
export function times(number: number): string {
  return number === 1 ? 'once' : `${number} times`;
}
