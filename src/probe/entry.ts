import type { ContainerHealth, DesiredProbes, ProbeKind } from '../model/probe.ts';
import { fold, healthOf, newState, type ProbeResult, type ProbeStates } from './fold.ts';
import type { Target } from './ports.ts';

/** A container whose probes are to be run. */
export interface Watched {
  readonly target: Target;
  /** Of the container; another start begins anew. To the second. */
  readonly startedAtMs: number;
  readonly probes: DesiredProbes;
  /** Nothing in it can answer: it is not probed, and what was found stays. */
  readonly isPaused?: boolean;
}

/** What is known of a container's probes. */
export type Health = ContainerHealth & {
  /** How far behind its probes run for want of turns, in milliseconds; 0 for in time. */
  readonly lateMs: number;
};

/** One container under its probes, since its start or its last change. */
export interface Entry {
  readonly watched: Watched;
  /** When we first saw it running; the engine tells starts to the second. */
  readonly seenMs: number;
  states: ProbeStates;
  health: ContainerHealth;
  /** Kinds that are scheduled, queued or running. */
  readonly pending: Set<ProbeKind>;
  /** How far probes run behind, in milliseconds; none for those in time. */
  readonly lateMs: Map<ProbeKind, number>;
}

/** One that was never probed by us, with what an earlier agent knew of it. */
export function newEntry(
  watched: Watched,
  seenMs: number,
  remembered: Pick<ContainerHealth, 'started' | 'ready'> | undefined,
): Entry {
  const kinds = Object.keys(watched.probes) as ProbeKind[];
  const verdicts = { startup: remembered?.started || undefined, liveness: true, readiness: remembered?.ready ?? false };
  const states = Object.fromEntries(kinds.map(kind => [kind, { ...newState(kind), verdict: verdicts[kind] }]));
  return { watched, seenMs, states, health: healthOf(watched.probes, states), pending: new Set(), lateMs: new Map() };
}

/** What others are told of it. */
export function healthIn({ health, lateMs }: Entry): Health {
  return { ...health, lateMs: Math.max(0, ...lateMs.values()) };
}

/** Takes in one result. @returns whether anything is otherwise now, and whether it matters to others */
export function note(
  entry: Entry,
  kind: ProbeKind,
  result: ProbeResult,
  lateMs: number,
): { readonly isNew: boolean; readonly matters: boolean } {
  const probe = entry.watched.probes[kind];
  if (probe === undefined) return { isNew: false, matters: false };
  const wasLate = entry.lateMs.has(kind);
  if (lateMs > 0) entry.lateMs.set(kind, lateMs);
  else entry.lateMs.delete(kind);
  entry.states = { ...entry.states, [kind]: fold(probe, entry.states[kind] ?? newState(kind), result) };
  const { message } = entry.health;
  const matters = judge(entry);
  return { isNew: matters || message !== entry.health.message || wasLate !== lateMs > 0, matters };
}

/** Works out its health anew. @returns whether anything that matters to others is otherwise now */
export function judge(entry: Entry): boolean {
  const before = entry.health;
  entry.health = healthOf(entry.watched.probes, entry.states);
  const { started, ready, failed } = entry.health;
  return (
    started !== before.started || ready !== before.ready || (failed === undefined) !== (before.failed === undefined)
  );
}
