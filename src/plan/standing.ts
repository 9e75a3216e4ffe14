import type { ActualContainer, ActualPod } from '../model/actual.ts';
import type { CanonicalPod, RestartPolicy } from '../model/desired.ts';
import type { Step } from '../model/plan.ts';
import type { StepBuilder } from './builder.ts';
import { graceOf } from './handover.ts';
import { member } from './json.ts';
import type { Leftover } from './removal.ts';
import { type Runnable, runOf } from './run.ts';
import { stopOf } from './stopping.ts';

/**
 * Keeps running what stands though nothing asks for it: the pods of a manifest that is broken, or whose removal is held
 * back. Their restart policy is that of the last time they were applied. Where the record of that is lost nothing is
 * restarted: it may have been a job that must not run twice, and no back-off could be counted.
 *
 * @returns the leftover, as a restart where it has one
 */
export function keepStanding(builder: StepBuilder, leftover: Leftover, now: number): Leftover {
  const { actual: pod, change } = leftover;
  const applied = pod.record?.applied;
  if (leftover.removal !== 'never' || change.op === 'wait' || applied === undefined) return leftover;
  const run = runOf(standing(pod, applied), pod, new Set(), now);
  const untilMs = run.waits.flatMap(wait => wait.untilMs ?? []).toSorted((a, b) => a - b)[0];
  if (run.start.length === 0 && run.stop.length === 0) return { ...leftover, change: { ...change, untilMs } };
  const after: Step['after'] = [
    builder.add(pod.key, { verb: 'writeRecord', pod: pod.key, patch: { containers: run.counts } }, []),
    ...run.stop.map(container =>
      builder.add(pod.key, stopOf(container, { pod: pod.key, actual: pod, graceSeconds: graceOf(pod) }), []),
    ),
  ];
  const containers = run.start.map(container => container.name);
  if (containers.length > 0) builder.add(pod.key, { verb: 'startPod', pod: pod.key, id: pod.id, containers }, after);
  return { ...leftover, change: { ...change, op: 'restart', why: `${run.reasons.join('; ')} (${change.why})` } };
}

/** The pod as its containers, and what was last applied of it, tell it. */
function standing(pod: ActualPod, applied: CanonicalPod): Runnable<ActualContainer> {
  const isInit = (name: string): boolean => member(applied.containers[name], 'init') === true;
  const all = [...pod.containers.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const policy = member(applied.inPlace, 'restartPolicy');
  return {
    restartPolicy: (typeof policy === 'string' ? policy : 'Always') as RestartPolicy,
    initContainers: all.filter(({ name }) => isInit(name)),
    containers: all.filter(({ name }) => !isInit(name)),
  };
}
