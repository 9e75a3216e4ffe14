import type { ActualContainer, ActualPod } from '../model/actual.ts';
import { appliedInits, appliedPolicy, appliedProbes, appliedRole } from '../model/applied.ts';
import type { CanonicalPod } from '../model/desired.ts';
import type { Action, Step } from '../model/plan.ts';
import type { StepBuilder } from './builder.ts';
import { appliedDeadline } from './deadline.ts';
import { graceOf } from './handover.ts';
import type { Leftover } from './removal.ts';
import { type Run, type Runnable, runOf } from './run.ts';
import { hookedStarts, stopInOrder, stopOf } from './stopping.ts';

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
  const run = runOf(standing(pod, applied), pod, now);
  const ended = pod.record?.ended === undefined ? run.ended : undefined;
  const untilMs = run.waits.flatMap(wait => wait.untilMs ?? []).toSorted((a, b) => a - b)[0];
  if (run.start.length + run.stop.length === 0 && ended === undefined)
    return { ...leftover, change: { ...change, untilMs } };
  const after: Step['after'] = [
    builder.add(
      pod.key,
      { verb: 'writeRecord', pod: pod.key, patch: { containers: run.counts, ...(ended && { ended }) } },
      [],
    ),
    ...stopsOf(run, pod).map(action => builder.add(pod.key, action, [])),
  ];
  const containers = run.start.map(container => container.name);
  const hooked = hookedStarts(pod, containers, graceOf(pod));
  if (containers.length > 0)
    builder.add(pod.key, { verb: 'startPod', pod: pod.key, id: pod.id, containers, ...hooked }, after);
  const op = run.ends || ended !== undefined ? 'stop' : 'restart';
  return { ...leftover, change: { ...change, op, why: `${run.reasons.join('; ')} (${change.why})` } };
}

function stopsOf({ stop, ends }: Run, pod: ActualPod): readonly Action[] {
  const stopping = { pod: pod.key, actual: pod, graceSeconds: graceOf(pod) };
  return ends && stop.length > 0 ? [stopInOrder(stop, stopping)] : stop.map(container => stopOf(container, stopping));
}

/** The pod as its containers, and what was last applied of it, tell it. */
function standing(pod: ActualPod, applied: CanonicalPod): Runnable<ActualContainer> {
  const all = [...pod.containers.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const inits = appliedInits(applied).flatMap(name => pod.containers.get(name) ?? []);
  return {
    activeDeadlineSeconds: appliedDeadline(pod),
    restartPolicy: appliedPolicy(applied) ?? 'Always',
    initContainers: inits.map(container => ({
      ...container,
      sidecar: appliedRole(applied, container.name) === 'sidecar',
      probes: appliedProbes(applied, container.name),
    })),
    containers: all.filter(({ name }) => appliedRole(applied, name) === 'main'),
  };
}
