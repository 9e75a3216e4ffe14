import type { ContainerHealth, DesiredProbe, DesiredProbes, FailedProbe, ProbeKind } from '../model/probe.ts';

/** What one run of a probe found. */
export interface ProbeResult {
  /** Undefined where it could not be tried, as with an engine that does not answer: that says nothing of the container. */
  readonly ok: boolean | undefined;
  /** What was found, in a few words; empty where all is well. */
  readonly message: string;
}

/** What the results of one probe have come to since the container started. */
export interface ProbeState {
  /** The latest result, and how often in a row it came. */
  readonly last: boolean | undefined;
  readonly run: number;
  /** What the thresholds let believe. */
  readonly verdict: boolean | undefined;
  readonly message: string;
}

/** Of one container, since its start. */
export type ProbeStates = { readonly [K in ProbeKind]?: ProbeState };

/**
 * What is believed before the first result: a container lives, is not ready, and has not started
 * (the kubelet, pkg/kubelet/prober/worker.go).
 */
const beliefs: { readonly [K in ProbeKind]: boolean | undefined } = {
  startup: undefined,
  liveness: true,
  readiness: false,
};

/** A probe of which there is no result yet. */
export function newState(kind: ProbeKind): ProbeState {
  return { last: undefined, run: 0, verdict: beliefs[kind], message: '' };
}

/** One more result: believed once it came as often in a row as its threshold says. */
export function fold(probe: DesiredProbe, state: ProbeState, { ok, message }: ProbeResult): ProbeState {
  if (ok === undefined) return state;
  const run = state.last === ok ? state.run + 1 : 1;
  const threshold = ok ? probe.successThreshold : probe.failureThreshold;
  return { last: ok, run, verdict: run >= threshold ? ok : state.verdict, message };
}

/** Whether a probe is to be run now: startup until it decided, the others after it; none of a container that is to be stopped. */
export function isActive(kind: ProbeKind, probes: DesiredProbes, states: ProbeStates): boolean {
  if (probes[kind] === undefined || failedOf(probes, states) !== undefined) return false;
  const started = isStarted(probes, states);
  return kind === 'startup' ? !started : started;
}

/** What the probes say of the container as a whole. */
export function healthOf(probes: DesiredProbes, states: ProbeStates): ContainerHealth {
  const started = isStarted(probes, states);
  const failed = failedOf(probes, states);
  const ready =
    started && failed === undefined && (probes.readiness === undefined || states.readiness?.verdict === true);
  return { started, ready, failed, message: messageOf(probes, states, { started, ready, failed }) };
}

/**
 * The states to go on with under changed probes: a probe that is another starts counting anew, but what was believed
 * stays until it says otherwise, and a container that has started does not start again.
 */
export function carryOver(before: DesiredProbes, states: ProbeStates, after: DesiredProbes): ProbeStates {
  const carried = (Object.keys(after) as ProbeKind[]).map(kind => {
    const known = states[kind] ?? newState(kind);
    if (JSON.stringify(before[kind]) === JSON.stringify(after[kind])) return [kind, known] as const;
    const verdict = kind === 'startup' ? isStarted(before, states) || undefined : kind === 'liveness' || known.verdict;
    return [kind, { ...newState(kind), verdict }] as const;
  });
  return Object.fromEntries(carried);
}

function isStarted(probes: DesiredProbes, states: ProbeStates): boolean {
  return probes.startup === undefined || states.startup?.verdict === true;
}

function failedOf(probes: DesiredProbes, states: ProbeStates): FailedProbe | undefined {
  for (const probe of ['startup', 'liveness'] as const) {
    const state = states[probe];
    if (probes[probe] === undefined || state?.verdict !== false) continue;
    const times = state.run === 1 ? 'once' : `${state.run} times`;
    const why = `failed its ${probe} probe ${times}: ${state.message}`;
    return { probe, why, graceSeconds: probes[probe]?.terminationGracePeriodSeconds };
  }
  return undefined;
}

function messageOf(
  probes: DesiredProbes,
  states: ProbeStates,
  { started, ready, failed }: Pick<ContainerHealth, 'started' | 'ready' | 'failed'>,
): string {
  if (failed !== undefined) return failed.why;
  const kind = started ? (ready ? 'liveness' : 'readiness') : 'startup';
  const state = states[kind];
  if (probes[kind] === undefined) return '';
  if (state?.last === undefined) return ready ? '' : `its ${kind} probe has not run yet`;
  if (state.last)
    return ready ? '' : `its ${kind} probe succeeded ${state.run} of ${probes[kind].successThreshold} times`;
  return `its ${kind} probe fails: ${state.message}`;
}
