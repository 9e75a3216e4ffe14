import type { V1Container } from '@kubernetes/client-node';
import type { AutoUpdate, DesiredContainer } from '../model/desired.ts';
import { parseReference } from '../model/reference.ts';
import { contextOf } from './image.ts';
import { isSidecar } from './sandbox.ts';
import { report, type Scope } from './scope.ts';

/** Of a whole pod; `NAME/CONTAINER` is for one container of it, and goes before (podman-kube-play(1)). */
export const autoUpdate = 'io.containers.autoupdate';

/** Its values (podman-auto-update(1)); `image` is what Podman called `registry` at first. */
const policies: Readonly<Record<string, AutoUpdate | undefined>> = {
  ...{ registry: 'registry', image: 'registry', local: 'local' },
  ...{ disabled: undefined, '': undefined },
};

/** Whether the annotation asks for something that is known. */
export function isAutoUpdate(value: string): boolean {
  return Object.hasOwn(policies, value);
}

/**
 * Which newer images of its name a container takes. A plain init container takes none: another one would mean to make
 * its pod anew.
 *
 * @param init whether it stands among the init containers
 */
export function autoUpdateOf(
  container: V1Container,
  annotations: { readonly values: Readonly<Record<string, string>>; readonly place: string },
  init: boolean,
  scope: Scope,
): Pick<DesiredContainer, 'autoUpdate'> {
  const { values, place } = annotations;
  const own = `${autoUpdate}/${container.name}`;
  const key = Object.hasOwn(values, own) ? own : autoUpdate;
  const value = values[key] ?? '';
  const policy = isAutoUpdate(value) ? policies[value] : undefined;
  if (policy === undefined) return {};
  const isPlainInit = init && !isSidecar(container);
  const obstacle = isPlainInit ? initObstacle(key === own) : obstacleOf(container, policy, scope);
  if (obstacle === undefined) return isPlainInit ? {} : { autoUpdate: policy };
  const message = `Ignoring annotation '${key}' for container '${container.name}': ${obstacle.why}`;
  const more = { severity: 'warning', hint: obstacle.hint } as const;
  report(scope, `${place}/${key.replaceAll('/', '~1')}`, 'FIELD_CONFLICT', message, more);
  return {};
}

interface Obstacle {
  readonly why: string;
  readonly hint: string;
}

/** The annotation of a whole pod means those that go on running. */
function initObstacle(named: boolean): Obstacle | undefined {
  if (!named) return undefined;
  return { why: 'an init container is made anew with its pod alone', hint: 'Remove the annotation' };
}

function obstacleOf(container: V1Container, policy: AutoUpdate, scope: Scope): Obstacle | undefined {
  const { image = '', imagePullPolicy } = container;
  if (parseReference(image)?.digest !== undefined)
    return {
      why: `'${image}' is one image for ever`,
      hint: 'Name the image by a tag, or set the annotation to disabled',
    };
  if (policy === 'local') return undefined;
  if (contextOf(image, scope) !== undefined)
    return { why: `'${image}' is built here`, hint: 'Leave it out: what is built here follows its files' };
  if (imagePullPolicy === 'Never')
    return { why: 'its imagePullPolicy is Never', hint: 'Ask for local, or allow pulling' };
  return undefined;
}
