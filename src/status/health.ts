import type { ActualContainer } from '../model/actual.ts';
import { appliedProbes } from '../model/applied.ts';
import type { PodRecord } from '../model/record.ts';
import type { Pending } from './roles.ts';

/** One condition of a pod (Kubernetes, PodCondition). */
export interface Condition {
  readonly type: 'Initialized' | 'ContainersReady' | 'Ready';
  readonly status: 'True' | 'False' | 'Unknown';
  /** Why it is not true; empty where it is. */
  readonly message: string;
}

/** What an agent saved of the probes, beyond what plans are made from. */
export interface Lateness {
  /** How far behind its probes a container's run, in milliseconds, by its id. */
  readonly lateMs: (containerId: string) => number;
}

/**
 * Whether a container takes work: it runs, and its probes, where it has any that tell, say so. Undefined where nobody
 * runs them.
 */
export function isReady(container: ActualContainer, record: PodRecord | undefined): boolean | undefined {
  if (container.state !== 'running') return false;
  if (container.health !== undefined) return container.health.ready;
  return tellsReadiness(container, record) ? undefined : true;
}

/** What its probes say of a running container that a person should know; empty where all is well. */
export function probeText(container: ActualContainer, record: PodRecord | undefined, lateness: Lateness): string {
  const { name, state, health, id } = container;
  if (state !== 'running') return '';
  if (isReady(container, record) === undefined) return `container "${name}" has probes, but no agent runs them`;
  const lateMs = lateness.lateMs(id);
  const late = lateMs > 0 ? `probes of container "${name}" run ${Math.ceil(lateMs / 1000)} s late` : '';
  const said = health?.message ? `container "${name}": ${health.message}` : '';
  return [said, late].filter(part => part !== '').join('; ');
}

/**
 * The conditions of a pod.
 *
 * @param standing its main containers and sidecars
 */
export function conditionsOf(
  standing: readonly ActualContainer[],
  pending: readonly Pending[],
  record: PodRecord | undefined,
): readonly Condition[] {
  const condition = (type: Condition['type'], status: Condition['status'], message = ''): Condition => {
    return { type, status, message };
  };
  const [first] = pending;
  const initialized =
    first === undefined ? condition('Initialized', 'True') : condition('Initialized', 'False', first.why);
  const ready = standing.map(container => ({ container, ready: isReady(container, record) }));
  const broken = ready.find(each => each.ready === false) ?? ready.find(each => each.ready === undefined);
  const isTrue = broken === undefined && standing.length > 0 && first === undefined;
  const status = isTrue ? 'True' : broken !== undefined && broken.ready === undefined ? 'Unknown' : 'False';
  const why = isTrue ? '' : broken === undefined ? initialized.message : notReadyText(broken.container);
  return [initialized, condition('ContainersReady', status, why), condition('Ready', status, why)];
}

function notReadyText({ name, state, health }: ActualContainer): string {
  if (state !== 'running') return `container "${name}" is ${state}`;
  return health === undefined
    ? `no agent runs the probes of container "${name}"`
    : `container "${name}": ${health.message}`;
}

function tellsReadiness({ name }: ActualContainer, record: PodRecord | undefined): boolean {
  const { readiness, startup } = appliedProbes(record?.applied, name);
  return readiness !== undefined || startup !== undefined;
}
