import type { ActualContainer, ActualPod } from '../model/actual.ts';
import type { RestartPolicy } from '../model/desired.ts';
import type { ContainerRecord, EndedRecord } from '../model/record.ts';
import { restartOf } from './backoff.ts';
import { endedBy, type Limited } from './deadline.ts';
import { keepUp, type Part, pausedText } from './upkeep.ts';

/** As much of a pod as it takes to say what runs next. */
export interface Runnable<C extends Named = Named> extends Limited {
  readonly restartPolicy: RestartPolicy;
  readonly initContainers: readonly C[];
  readonly containers: readonly C[];
}

/** As much of a container. */
export interface Named {
  readonly name: string;
  readonly sidecar?: boolean | undefined;
  readonly probes?: { readonly startup?: unknown } | undefined;
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
  /** The pod has ended for good: what `stop` has is all that is left of it, and stops in order. */
  readonly ends: boolean;
  /** Why it was ended before its time. */
  readonly ended: EndedRecord | undefined;
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
  ends: false,
  ended: undefined,
};

/** What is left out of a decision. */
export interface RunOptions {
  /** Names of containers that are made anew by this plan: they count as never started. */
  readonly replaced?: ReadonlySet<string>;
  /** Names of main containers that are left as they are. */
  readonly skipped?: ReadonlySet<string>;
}

/**
 * Decides what runs next in a pod whose sandbox stands.
 *
 * Init containers one after the other, each to success or, as a sidecar, to its start, anew whenever the sandbox was
 * started anew (as the kubelet does); then the main containers, by their restart policy and back-off. Sidecars go on
 * until the main containers have ended for good.
 *
 * @param now milliseconds since the epoch
 */
export function runOf<C extends Named>(
  pod: Runnable<C>,
  actual: ActualPod,
  now: number,
  { replaced = none, skipped = none }: RunOptions = {},
): Run<C> {
  const sandbox = sandboxOf(actual, now);
  const partOf = (container: C): Part<C> => {
    const live = replaced.has(container.name) ? undefined : actual.containers.get(container.name);
    return { container, live, stale: live !== undefined && sandbox.isStale(live) };
  };
  const inits = pod.initContainers.map(partOf);
  const mains = pod.containers.map(partOf);
  const isOver = mains.every(({ live }) => live !== undefined && isFinished(pod, live));
  if (isOver) return endOf(inits.filter(isSidecar), 'its main containers have ended');
  const ended = endedBy(pod, actual, now);
  if (ended !== undefined) {
    const why = `${ended.reason}: ${ended.message}`;
    return { ...endOf([...inits, ...mains], why), ended, reasons: [why] };
  }

  const wanted = mains.filter(({ container }) => !skipped.has(container.name));
  const stop = [...inits.filter(isSidecar), ...wanted].flatMap(({ live, stale }) => (live && stale ? [live] : []));
  const initialized = mains.some(({ live }) => sandbox.hasStarted(live));
  const ready = initialized
    ? inits
        .filter(isSidecar)
        .reduce<Run<C>>((run, part) => keepUp(run, stayer, actual, part, now), { ...nothing, stop })
    : initialize({ ...nothing, stop }, { pod, actual, inits, sandbox, now });
  if (ready.failed !== undefined) {
    const end = endOf(inits.filter(isSidecar), ready.failed);
    return { ...end, failed: ready.failed, initializing: true };
  }
  return ready.initializing ? ready : wanted.reduce<Run<C>>((run, part) => keepUp(run, pod, actual, part, now), ready);
}

const none: ReadonlySet<string> = new Set();
/** However a sidecar ends, it starts again. */
const stayer = { restartPolicy: 'Always' } as const;

function isSidecar({ container }: Part<Named>): boolean {
  return container.sidecar === true;
}

/** Nothing starts any more; what still stands of these is stopped. */
function endOf<C extends Named>(parts: readonly Part<C>[], why: string): Run<C> {
  const stop = parts.flatMap(({ live }) => (live && isUp(live) ? [live] : []));
  return stop.length === 0 ? nothing : { ...nothing, stop, ends: true, reasons: [why] };
}

function isUp({ state }: ActualContainer): boolean {
  return state === 'running' || state === 'paused' || state === 'stopping';
}

interface Sandbox {
  /** Whether a container runs in a sandbox that has ended since. */
  isStale(container: ActualContainer): boolean;
  /** Whether a container was started in the sandbox as it stands. */
  hasStarted(container: ActualContainer | undefined): boolean;
}

function sandboxOf({ infra }: ActualPod, now: number): Sandbox {
  // Paused, it still holds what the containers share.
  const runs = infra.state === 'running' || infra.state === 'paused';
  // What stands in a sandbox that never ended was started after it, whatever the times say: a clock may have been set
  // back. From a start that lies ahead nothing follows at all.
  const sinceMs = infra.exitedAtMs === 0 || infra.startedAtMs > now ? 0 : infra.startedAtMs;
  return {
    isStale: ({ state, startedAtMs }) => state === 'running' && (!runs || startedAtMs < sinceMs),
    hasStarted: container =>
      runs && container !== undefined && container.startedAtMs > 0 && container.startedAtMs >= sinceMs,
  };
}

interface Initializing<C extends Named> {
  readonly pod: Runnable<C>;
  readonly actual: ActualPod;
  readonly inits: readonly Part<C>[];
  readonly sandbox: Sandbox;
  readonly now: number;
}

/** The init containers in order; `initializing` while one of them is not done. */
function initialize<C extends Named>(before: Run<C>, { pod, actual, inits, sandbox, now }: Initializing<C>): Run<C> {
  let run = before;
  for (const [at, part] of inits.entries()) {
    const { container, live } = part;
    const hasBegun = sandbox.hasStarted(live);
    if (isSidecar(part)) {
      run = keepUp(run, stayer, actual, part, now);
      // Once what comes after it has begun, it holds up nothing any more.
      const isPassed = inits.slice(at + 1).some(later => sandbox.hasStarted(later.live));
      if (isPassed || (hasBegun && isStarted(part))) continue;
      const why = unstartedText(part);
      const waits = why === undefined ? run.waits : [...run.waits, { why, untilMs: undefined }];
      return { ...run, waits, initializing: true };
    }
    if (hasBegun && live?.state === 'exited' && live.exitCode === 0) continue;
    const own = runInit(pod, actual, container, hasBegun ? live : undefined, now);
    return {
      ...own,
      start: [...run.start, ...own.start],
      stop: run.stop,
      counts: { ...run.counts, ...own.counts },
      reasons: [...run.reasons, ...own.reasons],
      waits: [...run.waits, ...own.waits],
    };
  }
  return run;
}

/** Whether a sidecar runs and its startup probe, if any, succeeded. */
function isStarted({ container, live, stale }: Part<Named>): boolean {
  if (live?.state !== 'running' || stale) return false;
  return container.probes?.startup === undefined || live.health?.started === true;
}

function unstartedText({ container, live, stale }: Part<Named>): string | undefined {
  if (live?.state !== 'running' || stale || live.health?.failed !== undefined) return undefined;
  return `container '${container.name}' has not started: ${live.health?.message || 'its startup probe has not run yet'}`;
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
