import type { V1Container, V1VolumeMount } from '@kubernetes/client-node';
import type { Speaker } from './downward.ts';
import { report, type Scope } from './scope.ts';

const prefix = 'io.podman.annotations.volumes-from/';

/**
 * A container with the mounts that Podman's annotation lends it of others in its pod, `SOURCE[:ro][;SOURCE…]`
 * (podman-kube-play(1)). Its own mounts go before one at the same path. A source is named as in the manifest, or as in
 * the engine.
 */
export function withVolumesFrom(container: V1Container, pod: Speaker, scope: Scope): V1Container {
  const own = container.volumeMounts ?? [];
  const lent = lentTo(container.name, pod, scope, new Set([container.name]));
  const taken = new Set(own.map(({ mountPath }) => mountPath));
  const added = lent.filter(({ mountPath }) => !taken.has(mountPath) && taken.add(mountPath));
  return added.length === 0 ? container : { ...container, volumeMounts: [...own, ...added] };
}

function lentTo(name: string, pod: Speaker, scope: Scope, seen: ReadonlySet<string>): readonly V1VolumeMount[] {
  const value = pod.metadata?.annotations?.[prefix + name];
  if (value === undefined) return [];
  return value.split(';').flatMap(each => {
    const [source = '', ...options] = each.trim().split(':');
    const lender = lenderOf(source, pod, scope);
    if (lender === undefined) {
      const message = `Cannot lend volumes of '${source}' to container '${name}': the pod has no such container`;
      report(scope, `${pod.annotationsAt}/${(prefix + name).replaceAll('/', '~1')}`, 'FIELD_UNSUPPORTED', message, {
        hint: 'Name a container of the pod, or declare the volumes in it',
      });
      return [];
    }
    if (seen.has(lender.name)) return [];
    const mounts = [
      ...(lender.volumeMounts ?? []),
      ...lentTo(lender.name, pod, scope, new Set([...seen, lender.name])),
    ];
    const isReadOnly = options.join().split(',').includes('ro');
    return isReadOnly ? mounts.map(mount => ({ ...mount, readOnly: true })) : mounts;
  });
}

function lenderOf(source: string, { spec }: Speaker, { object }: Scope): V1Container | undefined {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  // Podman names a Deployment's pod NAME-pod.
  const names = [
    source,
    ...[`${object.name}-pod-`, `${object.name}-`].flatMap(before =>
      source.startsWith(before) ? source.slice(before.length) : [],
    ),
  ];
  return all.find(({ name }) => names.includes(name));
}
