import type { ActualPod } from '../model/actual.ts';
import { appliedPolicy } from '../model/applied.ts';
import type { DesiredContainer, DesiredPod } from '../model/desired.ts';
import type { Change } from '../model/plan.ts';
import { appliedDeadline } from './deadline.ts';
import { renamesOf } from './drift.ts';
import { runOf } from './run.ts';
import { verdict } from './verdict.ts';
import { type Decision, noWork, type Work } from './work.ts';

/**
 * Keeps running what stands of a pod whose change has to wait, by the deadline and the restart policy that it was last
 * applied with; undefined where there is nothing to do.
 *
 * @param now milliseconds since the epoch
 * @param renames what gets another name; left out, what is started gets its own, as that happens by name
 */
export function repairOf(
  pod: DesiredPod,
  actual: ActualPod,
  now: number,
  renames?: Work['rename'],
): Decision | undefined {
  const isDown = ({ name }: DesiredContainer): boolean =>
    ['exited', 'paused'].includes(actual.containers.get(name)?.state ?? '') ||
    actual.containers.get(name)?.health?.failed !== undefined;
  const skipped = new Set(pod.containers.filter(container => !isDown(container)).map(({ name }) => name));
  // A sidecar of the change is not there to be started.
  const initContainers = pod.initContainers.filter(({ name, sidecar }) => !sidecar || actual.containers.has(name));
  const applied = actual.record?.applied;
  const rules = applied && {
    activeDeadlineSeconds: appliedDeadline(actual),
    restartPolicy: appliedPolicy(applied) ?? pod.restartPolicy,
  };
  const run = runOf({ ...pod, initContainers, ...rules }, actual, now, { skipped });
  const rests = run.initializing && !run.ends;
  const start = rests ? [] : run.start;
  const work: Work = {
    ...noWork(pod, actual.uid),
    rename: renames ?? renamesOf(start, actual, new Set()),
    ended: rests || actual.record?.ended !== undefined ? undefined : run.ended,
    stop: rests ? [] : run.stop,
    ends: run.ends,
    start,
    counts: rests || Object.keys(run.counts).length === 0 ? undefined : run.counts,
  };
  const { op, why, cost } = verdict(work, [], { ...run, waits: [] }, false);
  if (op === 'hold' || op === 'keep') return undefined;
  const change: Change = { op, key: pod.key, why, cost, fields: [], location: pod.origin, untilMs: undefined };
  return { change, work };
}
