import type { Actual, ActualContainer, ActualPod } from '../model/actual.ts';
import { appliedRole } from '../model/applied.ts';
import { endText } from '../model/end.ts';
import { type Key, keyParts } from '../model/key.ts';
import type { Location } from '../model/problem.ts';
import type { ContainerRecord, EndOfRun, FailureRecord, PodRecord } from '../model/record.ts';
import { type Condition, conditionsOf, isReady, type Lateness, probeText } from './health.ts';
import { policyOf, rolesOf, succeeded } from './roles.ts';
import { limitedVolumes, overLimitText } from './storage.ts';

/**
 * How a pod stands, in one word.
 *
 * `Waiting` is between a container's exit and its next start, or for another pod that it starts after; `Paused` is what somebody paused by hand; `Stopped` is a
 * pod that does not run and of which nothing is remembered; `Missing` is remembered but not in the engine.
 */
export type PodState =
  | 'Running'
  | 'Starting'
  | 'Waiting'
  | 'Failed'
  | 'Completed'
  | 'Paused'
  | 'Stopped'
  | 'Missing'
  | 'Unknown';

/** One row of `podstead status`. */
export interface PodStatus {
  readonly key: Key;
  readonly declaredBy: Key;
  readonly state: PodState;
  /** Why it was ended before its time, as Kubernetes names it. */
  readonly reason: string | undefined;
  /** What a person should know beside the state; empty where there is nothing to add. */
  readonly message: string;
  /** When the next try is due, in milliseconds since the epoch. */
  readonly untilMs: number | undefined;
  readonly restarts: number;
  /** Start of the pod's sandbox; 0 means never. */
  readonly startedAtMs: number;
  readonly revision: string | undefined;
  readonly origin: Location | undefined;
  readonly failure: FailureRecord | undefined;
  /** Main containers and sidecars, as kubectl counts them: those that are ready, and those that the pod has or was last applied with. */
  readonly ready: { readonly count: number; readonly total: number };
  /** As Kubernetes names them (pod lifecycle, "Pod conditions"). */
  readonly conditions: readonly Condition[];
  readonly containers: readonly ContainerStatus[];
}

export interface ContainerStatus {
  readonly name: string;
  readonly state: ActualContainer['state'];
  readonly exitCode: number;
  readonly restarts: number;
  readonly startedAtMs: number;
  readonly exitedAtMs: number;
  readonly imageId: string;
  /** Undefined where a probe would have to tell and nobody runs it. */
  readonly ready: boolean | undefined;
  /** How its latest run that ended did so, as far as it was noted. */
  readonly last: EndOfRun | undefined;
}

export interface StatusOptions {
  readonly records: ReadonlyMap<Key, PodRecord>;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** When a container that exited and is to run is started again, in milliseconds since the epoch: the plan's back-off. */
  readonly restartAtMs: (container: ActualContainer, record: ContainerRecord | undefined) => number;
  /** How far behind its probes an agent runs a container's, in milliseconds, by the container's id. */
  readonly lateMs?: Lateness['lateMs'];
  /** Bytes in a pod's emptyDir on disk, by its name in the pod; undefined where nobody counted. */
  readonly bytesIn?: (pod: ActualPod, volume: string) => number | undefined;
}

/** Folds what the engine shows and what we remember into one row a pod, sorted by namespace and name. */
export function statusOf(actual: Pick<Actual, 'pods'>, opts: StatusOptions): readonly PodStatus[] {
  const lost = [...opts.records.values()].filter(record => !actual.pods.has(record.key));
  const rows = [...[...actual.pods.values()].map(pod => rowOf(pod, opts)), ...lost.map(missingRow)];
  return rows.sort((a, b) => compareKeys(a.key, b.key));
}

function rowOf(pod: ActualPod, opts: StatusOptions): PodStatus {
  const record = opts.records.get(pod.key) ?? pod.record;
  const containers = [...pod.containers.values()];
  const standing = standingOf(pod, record, opts);
  const failure = record?.failure;
  const failed = failure === undefined ? '' : `latest change failed: ${failure.message}`;
  return {
    key: pod.key,
    declaredBy: pod.declaredBy,
    state: standing.state,
    reason: record?.ended?.reason,
    message: [
      standing.message,
      ...probeTexts(containers, record, opts),
      ...storageTexts(pod, record, opts),
      waitText(record),
      failed,
      foreignText(pod),
    ]
      .filter(part => part !== '')
      .join('; '),
    untilMs: standing.untilMs,
    restarts: sum(containers.map(container => record?.containers[container.name]?.restarts ?? 0)),
    startedAtMs: pod.infra.startedAtMs,
    revision: record?.revision,
    origin: record?.origin,
    failure,
    ready: readyOf(containers, record),
    conditions: conditions(containers, record),
    containers: containers.map(container => containerRow(container, record)),
  };
}

/** What it is to start after and is not ready. */
function waitText(record: PodRecord | undefined): string {
  const names = (record?.waitsFor ?? []).map(key => `"${key}"`);
  return names.length === 0 ? '' : `waits for ${names.join(' and ')} to be ready`;
}

function probeTexts(
  containers: readonly ActualContainer[],
  record: PodRecord | undefined,
  { lateMs = () => 0 }: StatusOptions,
): readonly string[] {
  return containers.map(container => probeText(container, record, { lateMs }));
}

function storageTexts(
  pod: ActualPod,
  record: PodRecord | undefined,
  { bytesIn = () => undefined }: StatusOptions,
): readonly string[] {
  return limitedVolumes(record).map(volume => overLimitText(volume, bytesIn(pod, volume.name) ?? 0));
}

function conditions(containers: readonly ActualContainer[], record: PodRecord | undefined): readonly Condition[] {
  const { main, sidecars, pending } = rolesOf(containers, record);
  return conditionsOf([...sidecars, ...main], pending, record);
}

/** Such a pod is neither recreated nor removed: better known before that is wanted. */
function foreignText({ foreign }: ActualPod): string {
  return foreign.length === 0 ? '' : `holds ${foreign.map(name => `"${name}"`).join(', ')}, which is not ours`;
}

function readyOf(containers: readonly ActualContainer[], record: PodRecord | undefined): PodStatus['ready'] {
  const { main, sidecars } = rolesOf(containers, record);
  const standing = [...main, ...sidecars];
  const applied = Object.keys(record?.applied?.containers ?? {}).filter(
    name => appliedRole(record?.applied, name) !== 'init',
  );
  const names = new Set([...standing.map(({ name }) => name), ...applied]);
  return { count: standing.filter(container => isReady(container, record) === true).length, total: names.size };
}

interface Standing {
  readonly state: PodState;
  readonly message: string;
  readonly untilMs: number | undefined;
}

/** The first row that fits, from what is certain to what is merely usual. */
function standingOf(pod: ActualPod, record: PodRecord | undefined, opts: StatusOptions): Standing {
  const all = [...pod.containers.values()];
  const { main, sidecars, pending, isOver } = rolesOf(all, record);
  const inits = pending.flatMap(({ container, isSidecar }) => (isSidecar ? [] : [container]));
  const kept = isOver ? [] : sidecars;

  const unknown = all.find(container => container.state === 'unknown');
  if (unknown) return standing('Unknown', `the engine does not tell the state of container "${unknown.name}"`);
  if (all.length === 0) return standing('Starting', 'no container created yet');
  if (record?.ended !== undefined) return standing('Failed', `${record.ended.reason}: ${record.ended.message}`);
  const waiting = nextRestart({ byPolicy: [...main, ...inits], always: kept }, record, opts);
  if (waiting) return waiting;
  const broken = [...main, ...inits].find(container => container.state === 'exited' && container.exitCode !== 0);
  if (broken && policyOf(record) !== undefined) return standing('Failed', exitOf(broken, record));
  if (pending[0]) return standing('Starting', pending[0].why);
  const created = main.find(container => container.state === 'created');
  if (created) return standing('Starting', `container "${created.name}" has not started yet`);
  if (main.length > 0 && main.every(succeeded)) return standing(record === undefined ? 'Stopped' : 'Completed', '');
  const paused = all.find(container => container.state === 'paused');
  if (paused) return standing('Paused', `container "${paused.name}" was paused: "podman unpause ${paused.engineName}"`);
  const still = [...kept, ...main].find(container => container.state !== 'running' && !succeeded(container));
  if (still) return standing('Stopped', `container "${still.name}" is ${still.state}`);
  return standing('Running', '');
}

interface Restartable {
  readonly byPolicy: readonly ActualContainer[];
  readonly always: readonly ActualContainer[];
}

/** The earliest restart that the pod's policy asks for. */
function nextRestart(
  { byPolicy, always }: Restartable,
  record: PodRecord | undefined,
  opts: StatusOptions,
): Standing | undefined {
  const policy = policyOf(record);
  const restarts = (container: ActualContainer): boolean =>
    container.state === 'exited' && (policy === 'Always' || (policy === 'OnFailure' && container.exitCode !== 0));
  const ended = always.filter(({ state }) => state === 'exited');
  const due = [...byPolicy.filter(restarts), ...ended]
    .map(container => ({ container, atMs: opts.restartAtMs(container, record?.containers[container.name]) }))
    .sort((a, b) => a.atMs - b.atMs)[0];
  return due && { state: 'Waiting', message: exitOf(due.container, record), untilMs: due.atMs };
}

function standing(state: PodState, message: string): Standing {
  return { state, message, untilMs: undefined };
}

function exitOf(container: ActualContainer, record: PodRecord | undefined): string {
  return `container "${container.name}" ${endText(container, record?.containers[container.name])}`;
}

function missingRow(record: PodRecord): PodStatus {
  const { failure } = record;
  const waits = waitText(record);
  return {
    key: record.key,
    declaredBy: record.declaredBy,
    state: waits !== '' ? 'Waiting' : failure === undefined ? 'Missing' : 'Failed',
    reason: undefined,
    message: waits !== '' ? waits : failure === undefined ? 'not in the engine' : failure.message,
    untilMs: undefined,
    restarts: sum(Object.values(record.containers).map(container => container.restarts)),
    startedAtMs: 0,
    revision: record.revision,
    origin: record.origin,
    failure,
    ready: readyOf([], record),
    conditions: conditions([], record),
    containers: [],
  };
}

function containerRow(container: ActualContainer, record: PodRecord | undefined): ContainerStatus {
  const { name, state, exitCode, startedAtMs, exitedAtMs, imageId } = container;
  const restarts = record?.containers[name]?.restarts ?? 0;
  const last = record?.containers[name]?.last;
  const ready = isReady(container, record);
  return { name, state, exitCode, restarts, startedAtMs, exitedAtMs, imageId, ready, last };
}

function compareKeys(a: Key, b: Key): number {
  const [left, right] = [keyParts(a), keyParts(b)];
  return compare(left.namespace, right.namespace) || compare(left.name, right.name) || compare(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
