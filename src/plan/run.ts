import type { ActualContainer, ActualPod } from '../model/actual.ts';
import type { RestartPolicy } from '../model/desired.ts';
import { endText } from '../model/end.ts';
import type { ContainerRecord } from '../model/record.ts';
import { restartOf } from './backoff.ts';

/** As much of a pod as it takes to say what runs next. */
export interface Runnable<C extends Named = Named> {
  readonly restartPolicy: RestartPolicy;
  readonly initContainers: readonly C[];
  readonly containers: readonly C[];
}

interface Named {
  readonly name: string;
}

/** Which containers of an existing pod are to be started now, and what is being waited for. */
export interface Run<C extends Named = Named> {
  readonly start: readonly C[];
  readonly stop: readonly ActualContainer[];
  readonly counts: Readonly<Record<string, Partial<ContainerRecord>>>;
  /** One clause for each, in words: "container 'web' exited with 1". */
  readonly reasons: readonly string[];
  readonly waits: readonly Wait[];
  /** A failed init container under restartPolicy Never: the pod has failed for good. */
  readonly failed: string | undefined;
  /** Init containers are still to run. */
  readonly initializing: boolean;
}

export interface Wait {
  readonly why: string;
  /** Milliseconds since the epoch; undefined where an event will tell. */
  readonly untilMs: number | undefined;
}

const nothing: Run<never> = {
  start: [],
  stop: [],
  counts: {},
  reasons: [],
  waits: [],
  failed: undefined,
  initializing: false,
};

/** How soon a state that passes by itself (stopping, removing) is looked at again, in ms. */
const passingMs = 1_000;

/**
 * Decides what runs next in a pod whose sandbox stands.
 *
 * Init containers one after the other, each to success, anew whenever the sandbox was started anew (as the kubelet
 * does); then the main containers, by their restart policy and back-off.
 *
 * @param replaced names of containers that are made anew by this plan: they count as never started
 */
export function runOf<C extends Named>(
  pod: Runnable<C>,
  actual: ActualPod,
  replaced: ReadonlySet<string>,
  now: number,
): Run<C> {
  const live = (name: string): ActualContainer | undefined =>
    replaced.has(name) ? undefined : actual.containers.get(name);
  const mains = pod.containers.map(container => ({ container, live: live(container.name) }));
  // Paused, it still holds what the containers share.
  const sandboxRuns = actual.infra.state === 'running' || actual.infra.state === 'paused';
  // What stands in a sandbox that never ended was started after it, whatever the times say: a clock may have been set
  // back. From a start that lies ahead nothing follows at all.
  const { startedAtMs, exitedAtMs } = actual.infra;
  const sandboxSinceMs = exitedAtMs === 0 || startedAtMs > now ? 0 : startedAtMs;
  const stale = (container: ActualContainer | undefined): container is ActualContainer =>
    container?.state === 'running' && (!sandboxRuns || container.startedAtMs < sandboxSinceMs);
  const stop = mains.flatMap(main => (stale(main.live) ? [main.live] : []));
  const startedHere = (container: ActualContainer | undefined): container is ActualContainer =>
    sandboxRuns && container !== undefined && container.startedAtMs > 0 && container.startedAtMs >= sandboxSinceMs;

  const initialized = mains.some(main => startedHere(main.live));
  if (!initialized) {
    const finished = !sandboxRuns && mains.every(main => main.live !== undefined && isFinished(pod, main.live));
    if (finished) return nothing;
    for (const container of pod.initContainers) {
      const init = live(container.name);
      if (startedHere(init) && init.state === 'exited' && init.exitCode === 0) continue;
      return { ...runInit(pod, actual, container, startedHere(init) ? init : undefined, now), stop };
    }
  }
  return mains.reduce<Run<C>>((run, main) => runMain(run, pod, actual, main, stale(main.live), now), {
    ...nothing,
    stop,
  });
}

/** Whether its containers start again however they end. */
function isStayer({ restartPolicy }: Pick<Runnable, 'restartPolicy'>): boolean {
  return restartPolicy === 'Always';
}

/** Whether an ended container stays ended under the pod's restart policy. */
export function isFinished(pod: Pick<Runnable, 'restartPolicy'>, container: ActualContainer): boolean {
  if (container.state !== 'exited' || container.startedAtMs === 0) return false;
  if (pod.restartPolicy === 'Never') return true;
  return pod.restartPolicy === 'OnFailure' && container.exitCode === 0;
}

function runInit<C extends Named>(
  pod: Runnable<C>,
  actual: ActualPod,
  container: C,
  ran: ActualContainer | undefined,
  now: number,
): Run<C> {
  const { name } = container;
  const run = { ...nothing, initializing: true };
  if (ran === undefined) return { ...run, start: [container], reasons: [`init container '${name}' is to run`] };
  if (ran.state === 'paused') return { ...run, start: [container], reasons: [pausedText(`init container '${name}'`)] };
  if (ran.state !== 'exited') return { ...run, waits: [{ why: `init container '${name}' runs`, untilMs: undefined }] };
  const ended = `init container '${name}' exited with ${ran.exitCode}`;
  if (pod.restartPolicy === 'Never') return { ...run, failed: `${ended} and restartPolicy is Never` };
  const restart = restartOf(ran, actual.record?.containers[name], now);
  if (restart.dueMs > now) return { ...run, waits: [{ why: `${ended}, back-off`, untilMs: restart.dueMs }] };
  return { ...run, start: [container], counts: { [name]: restart.counts }, reasons: [ended] };
}

/** No program pauses itself: somebody did, and is undone as somebody's stop or kill is. */
function pausedText(container: string): string {
  return `${container} was paused by hand`;
}

function runMain<C extends Named>(
  run: Run<C>,
  pod: Runnable<C>,
  actual: ActualPod,
  { container, live }: { readonly container: C; readonly live: ActualContainer | undefined },
  stale: boolean,
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
      const stopped = isStayer(pod)
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
