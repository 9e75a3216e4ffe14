import type { ActualContainer, ActualPod } from '../model/actual.ts';
import { endText } from '../model/end.ts';
import type { ContainerRecord } from '../model/record.ts';
import { restartOf } from './backoff.ts';
import { isFinished, type Named, type Run, type Runnable } from './run.ts';

/** How soon a state that passes by itself (stopping, removing) is looked at again, in ms. */
const passingMs = 1_000;

/** A container, and what stands of it. */
export interface Part<C extends Named> {
  readonly container: C;
  readonly live: ActualContainer | undefined;
  /** It runs in a sandbox that has ended since. */
  readonly stale: boolean;
}

/** No program pauses itself: somebody did, and is undone as somebody's stop or kill is. */
export function pausedText(container: string): string {
  return `${container} was paused by hand`;
}

/** Adds to a run what keeps one container going by the restart policy and its back-off. */
export function keepUp<C extends Named>(
  run: Run<C>,
  pod: Pick<Runnable, 'restartPolicy'>,
  actual: ActualPod,
  { container, live, stale }: Part<C>,
  now: number,
): Run<C> {
  const { name } = container;
  const start = (reason: string, counts?: Partial<ContainerRecord>): Run<C> => ({
    ...run,
    start: [...run.start, container],
    reasons: [...run.reasons, reason],
    counts: counts === undefined ? run.counts : { ...run.counts, [name]: counts },
  });
  const wait = (why: string, untilMs: number | undefined): Run<C> => ({
    ...run,
    waits: [...run.waits, { why, untilMs }],
  });
  if (live === undefined || live.state === 'created') return start(`container '${name}' was never started`);
  if (stale) return start(`container '${name}' lost its sandbox`);
  switch (live.state) {
    case 'running': {
      const failed = live.health?.failed;
      if (failed === undefined) return run;
      const stopped = { why: failed.why, startedAtMs: live.startedAtMs };
      return {
        ...run,
        stop: [...run.stop, live],
        reasons: [...run.reasons, `container '${name}' ${failed.why}`],
        counts: { ...run.counts, [name]: { stopped } },
      };
    }
    case 'paused':
      return start(pausedText(`container '${name}'`));
    case 'exited': {
      if (isFinished(pod, live)) return run;
      const record = actual.record?.containers[name];
      const restart = restartOf(live, record, now);
      const ended = `container '${name}' ${endText(live, record)}`;
      return restart.dueMs > now ? wait(`${ended}, back-off`, restart.dueMs) : start(ended, restart.counts);
    }
    // Whoever stops it may be dead; our stop lasts no longer than that one.
    case 'stopping': {
      const stopped =
        pod.restartPolicy === 'Always'
          ? start(`container '${name}' is being stopped`)
          : wait(`container '${name}' is stopping`, now + passingMs);
      return { ...stopped, stop: [...run.stop, live] };
    }
    // Unknown is never taken for running nor for absent: look again.
    case 'removing':
    case 'unknown':
      return wait(`container '${name}' is ${live.state}`, now + passingMs);
  }
}
