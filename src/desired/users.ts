import type { DesiredPodVolume } from '../model/desired.ts';
import type { Speaker } from './downward.ts';
import type { PodPlace } from './locate.ts';
import { report, type Scope } from './scope.ts';

/** Podman's way to say it (podman-kube-play(1)). */
export const usersAnnotation = 'io.podman.annotations.userns';

/** Whether a pod has user ids of its own: by `hostUsers: false`, or by Podman's annotation where that field is not set. */
export function hasOwnUsers({ spec, metadata }: Pick<Speaker, 'spec' | 'metadata'>): boolean {
  return !(spec.hostUsers ?? metadata?.annotations?.[usersAnnotation] !== 'auto');
}

/**
 * Reports what cannot be had with user ids of the pod's own. A cluster maps the ids of mounted files; no runtime that is
 * used here does, so that files of other users would be nobody's.
 */
export function reportOwnUsers(
  pod: Speaker,
  volumes: ReadonlyMap<string, DesiredPodVolume>,
  place: PodPlace,
  scope: Scope,
): void {
  if (!hasOwnUsers(pod)) return;
  const { spec } = pod;
  const inCluster = (['hostNetwork', 'hostPID', 'hostIPC'] as const).find(field => spec[field]);
  if (spec.hostUsers === undefined && inCluster !== undefined) {
    const message = `Cannot give the pod user ids of its own: it has "${inCluster}"`;
    report(scope, `${place.spec}/${inCluster}`, 'FIELD_CONFLICT', message, {
      hint: `Remove it, or the annotation '${usersAnnotation}'`,
    });
  }
  for (const [index, { name }] of (spec.volumes ?? []).entries()) {
    const volume = volumes.get(name);
    const why = volume && whyForeign(volume);
    if (why === undefined) continue;
    const message = `Cannot mount volume '${name}' in a pod with user ids of its own: ${why}`;
    report(scope, `${place.spec}/volumes/${index}`, 'FIELD_UNSUPPORTED', message, {
      hint: "Leave out hostUsers, or use volumes that are the pod's own",
    });
  }
}

function whyForeign(volume: DesiredPodVolume): string | undefined {
  if (volume.type === 'claim') return 'its files keep the ids of the pod that wrote them, and another pod has others';
  if (volume.type === 'hostPath') return 'its files belong to users of the host';
  const isClosed = volume.type === 'files' && volume.entries.some(({ mode }) => (mode & 0o004) === 0);
  return isClosed ? 'a file of it is not open to all, and belongs to root of the host' : undefined;
}
