import type { ActualContainer, ActualPod } from '../model/actual.ts';
import type { DesiredContainer, DesiredPod } from '../model/desired.ts';
import type { FieldChange } from '../model/plan.ts';
import { isFinished } from './run.ts';
import type { Work } from './work.ts';

/** What the engine shows to be otherwise than it was left: containers that are gone or do not run. */
export function driftOf(pod: DesiredPod, actual: ActualPod): readonly FieldChange[] {
  const gone = [...pod.initContainers, ...pod.containers].filter(({ name }) => !actual.containers.has(name));
  const down = pod.containers.flatMap(({ name }) => {
    const live = actual.containers.get(name);
    return live === undefined || live.state === 'running' || isFinished(pod, live) ? [] : [live];
  });
  const extra = [...actual.containers.values()].filter(({ name }) =>
    [...pod.initContainers, ...pod.containers].every(container => container.name !== name),
  );
  return [
    ...gone.map(({ name }) => field(pod, name, 'present', 'gone')),
    ...down.map(live => field(pod, live.name, 'running', stateText(live))),
    ...extra.map(({ name }) => field(pod, name, undefined, 'present')),
  ];
}

/** Containers of ours under a name that is not theirs. */
export function renamesOf(
  containers: readonly DesiredContainer[],
  actual: ActualPod,
  replaced: ReadonlySet<string>,
): Work['rename'] {
  return containers.flatMap(({ name, engineName }) => {
    const live = replaced.has(name) ? undefined : actual.containers.get(name);
    return live === undefined || live.engineName === engineName ? [] : [{ live, engineName }];
  });
}

function field(pod: DesiredPod, name: string, desired: string | undefined, live: string): FieldChange {
  const location = pod.locate(`/containers/${name}`);
  return { path: `containers.${name}`, applied: undefined, desired, live, location };
}

function stateText({ state, exitCode }: ActualContainer): string {
  return state === 'exited' ? `exited with ${exitCode}` : state;
}
