import type { Location } from '../model/problem.ts';
import type { EndOfRun, HistoryEntry, PodRecord } from '../model/record.ts';
import type { Condition } from '../status/health.ts';
import type { ContainerStatus, PodStatus } from '../status/pods.ts';

/** One pod as JSON shows it (schema/status.schema.json). Times are ISO 8601 in UTC, or null for never. */
export interface PodDocument {
  readonly key: string;
  readonly declaredBy: string;
  readonly state: string;
  readonly reason: string | null;
  readonly message: string;
  readonly until: string | null;
  readonly restarts: number;
  readonly startedAt: string | null;
  readonly revision: string | null;
  readonly location: Location | null;
  readonly failure: {
    readonly message: string;
    readonly hint: string | null;
    readonly count: number;
    readonly at: string;
  } | null;
  /** As Kubernetes names them. */
  readonly conditions: readonly Condition[];
  readonly containers: readonly ContainerDocument[];
}

export interface ContainerDocument {
  readonly name: string;
  readonly state: string;
  /** Null where a probe would have to tell and nobody runs it. */
  readonly ready: boolean | null;
  readonly image: string;
  readonly exitCode: number | null;
  readonly restarts: number;
  readonly startedAt: string | null;
  readonly exitedAt: string | null;
  /** How its latest run that ended did so; null where none has. */
  readonly lastEnd: EndDocument | null;
}

export interface EndDocument {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: string | null;
  readonly exitedAt: string | null;
  /** What it left as its termination message. */
  readonly message: string | null;
}

/** One pod with its past (schema/why.schema.json). */
export interface WhyDocument extends PodDocument {
  readonly source: string | null;
  readonly history: readonly {
    readonly at: string;
    readonly result: string;
    readonly why: string;
    readonly revision: string;
    readonly location: Location | null;
    readonly fields: readonly string[];
  }[];
}

/** `imageName` tells an image's name by its id, as well as it is known. */
export function podDocument(pod: PodStatus, imageName: (id: string) => string): PodDocument {
  const { key, declaredBy, state, message, restarts, failure } = pod;
  return {
    key,
    declaredBy,
    state,
    reason: pod.reason ?? null,
    message,
    until: timeOf(pod.untilMs),
    restarts,
    startedAt: timeOf(pod.startedAtMs),
    revision: pod.revision ?? null,
    location: pod.origin ?? null,
    failure: failure
      ? {
          message: failure.message,
          hint: failure.hint ?? null,
          count: failure.count,
          at: new Date(failure.atMs).toISOString(),
        }
      : null,
    conditions: pod.conditions,
    containers: pod.containers.map(container => containerDocument(container, imageName)),
  };
}

/** Adds what is remembered of the pod's past, latest last. */
export function whyDocument(
  pod: PodStatus,
  record: PodRecord | undefined,
  imageName: (id: string) => string,
): WhyDocument {
  const history = record?.history ?? [];
  return { ...podDocument(pod, imageName), source: record?.source ?? null, history: history.map(historyDocument) };
}

function containerDocument(container: ContainerStatus, imageName: (id: string) => string): ContainerDocument {
  const { name, state, restarts, exitCode, imageId } = container;
  return {
    name,
    state,
    ready: container.ready ?? null,
    image: imageName(imageId),
    exitCode: state === 'exited' ? exitCode : null,
    restarts,
    startedAt: timeOf(container.startedAtMs),
    exitedAt: timeOf(container.exitedAtMs),
    lastEnd: container.last ? endDocument(container.last) : null,
  };
}

function endDocument({ exitCode, reason, startedAtMs, exitedAtMs, message }: EndOfRun): EndDocument {
  return { exitCode, reason, startedAt: timeOf(startedAtMs), exitedAt: timeOf(exitedAtMs), message: message ?? null };
}

function historyDocument({
  atMs,
  result,
  why,
  revision,
  location,
  fields,
}: HistoryEntry): WhyDocument['history'][number] {
  return { at: new Date(atMs).toISOString(), result, why, revision, location: location ?? null, fields };
}

/** 0 and undefined mean never. */
function timeOf(ms: number | undefined): string | null {
  return ms ? new Date(ms).toISOString() : null;
}
