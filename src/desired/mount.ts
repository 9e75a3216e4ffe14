import type { V1Container, V1VolumeMount } from '@kubernetes/client-node';
import type { DesiredMount, Json } from '../model/desired.ts';
import { isRuntimeText, secretsIn } from '../model/text.ts';
import { compact } from './compact.ts';
import type { Environment } from './env.ts';
import { expand, variablesIn } from './expand.ts';
import { report, type Scope } from './scope.ts';
import type { ResolvedVolume } from './volume.ts';

/** A container's mounts, and their canonical form by path. */
export interface ResolvedMounts {
  readonly mounts: readonly DesiredMount[];
  readonly canonical: Json;
}

type Volumes = ReadonlyMap<string, ResolvedVolume>;
type SubPath = DesiredMount['subPath'];

const propagations = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

/**
 * Resolves the mounts of a container.
 *
 * @param pointer of the container
 */
export function resolveMounts(
  container: V1Container,
  environment: Environment,
  volumes: Volumes,
  pointer: string,
  scope: Scope,
): ResolvedMounts {
  const written = container.volumeMounts ?? [];
  const mounts = written.map((mount, index) =>
    mountOf(mount, environment, volumes, `${pointer}/volumeMounts/${index}`, scope),
  );
  const canonical = mounts.map((mount, index) => [
    mount.path,
    canonicalMount(mount, written[index]?.subPathExpr, volumes),
  ]);
  return { mounts, canonical: Object.fromEntries(canonical) };
}

function mountOf(
  mount: V1VolumeMount,
  environment: Environment,
  volumes: Volumes,
  pointer: string,
  scope: Scope,
): DesiredMount {
  const propagation = mount.mountPropagation as keyof typeof propagations | undefined;
  const subPath = mount.subPathExpr ? expanded(mount.subPathExpr, environment, pointer, scope) : mount.subPath;
  if (subPath && volumes.get(mount.name)?.volume.type === 'image') {
    const message = 'Cannot mount a part of an image: Podman 4.3 would mount all of it';
    const where = `${pointer}/${mount.subPathExpr ? 'subPathExpr' : 'subPath'}`;
    report(scope, where, 'FIELD_UNSUPPORTED', message, { hint: 'Mount the whole image, and use the path below it' });
  }
  return {
    volume: mount.name,
    path: mount.mountPath,
    readOnly: mount.readOnly ?? false,
    subPath: subPath || undefined,
    ...(mount.recursiveReadOnly === 'Enabled' ? { recursiveReadOnly: true } : {}),
    propagation: propagation && propagations[propagation],
  };
}

/** `$(VAR)` out of the container's environment. Unlike in arguments, an unknown variable is a fault (kubelet). */
function expanded(expression: string, environment: Environment, pointer: string, scope: Scope): SubPath {
  const values = new Map(environment.env.map(({ name, value }) => [name, value]));
  const where = `${pointer}/subPathExpr`;
  const missing = variablesIn(expression).find(name => !values.has(name));
  if (missing !== undefined) {
    const known = [...values.keys()].map(name => `'${name}'`).join(', ') || 'none';
    const message = `Cannot expand the path: the container has no variable '${missing}'`;
    report(scope, where, 'REFERENCE_UNSUPPORTED', message, { hint: `Its variables are: ${known}` });
    return undefined;
  }
  const path = expand(expression, name => values.get(name));
  if (secretsIn(path).length > 0) {
    const message = "Cannot put a Secret's value into a path: every user of the host could read it";
    report(scope, where, 'FIELD_UNSUPPORTED', message, { hint: 'Use a variable that comes from no Secret' });
    return undefined;
  }
  if (typeof path !== 'string') return path as SubPath;
  if (!path.startsWith('/') && !path.split('/').includes('..')) return path;
  const message = `Cannot use the path '${path}' of the volume: found an absolute path or "..", expected one inside it`;
  report(scope, where, 'FIELD_VALUE', message, { hint: 'Correct the variables that it is made from' });
  return undefined;
}

function canonicalMount(mount: DesiredMount, expression: string | undefined, volumes: Volumes): Json {
  const { volume, readOnly, subPath, recursiveReadOnly, propagation } = mount;
  const source = volumes.get(volume)?.canonical ?? null;
  return compact({
    volume,
    source,
    readOnly: readOnly || undefined,
    // What only the host can fill in stays as it is written.
    subPath: subPath !== undefined && isRuntimeText(subPath) ? expression : subPath,
    recursiveReadOnly,
    propagation,
  });
}
