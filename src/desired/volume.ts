import type { V1Volume } from '@kubernetes/client-node';
import { quantityUnits } from '../manifest/quantity.ts';
import type { DesiredPodVolume, HostPathType, Json, PullPolicy } from '../model/desired.ts';
import { keyOf } from '../model/key.ts';
import { ownVolumeName, volumeNameOf } from './claim.ts';
import { compact } from './compact.ts';
import type { Speaker } from './downward.ts';
import { resolveFiles } from './files.ts';
import { contextOf, reportUnreadable } from './image.ts';
import { report, type Scope } from './scope.ts';
import { bindMountOptions } from './tuning.ts';

/** A pod's volume and how it shows in the canonical form of the containers that mount it. */
export interface ResolvedVolume {
  readonly volume: DesiredPodVolume;
  readonly canonical: Json;
}

/** Resolves one volume of a pod; undefined where a reference is missing, which is reported. */
export function resolveVolume(
  volume: V1Volume,
  pointer: string,
  pod: Speaker,
  scope: Scope,
): ResolvedVolume | undefined {
  const { name, hostPath, configMap, secret, projected, downwardAPI } = volume;
  if (configMap ?? secret ?? projected ?? downwardAPI) {
    const files = resolveFiles(volume, pointer, pod, scope);
    // The content is not part of it: files change under the running container, as in Kubernetes.
    return files && { volume: files, canonical: { files: files.from } };
  }
  if (hostPath !== undefined) {
    const pathType = (hostPath.type ?? '') as HostPathType;
    const relabel = relabelOf(pod, hostPath.path);
    return {
      volume: { type: 'hostPath', name, path: hostPath.path, pathType, ...(relabel && { relabel }) },
      canonical: { hostPath: { path: hostPath.path, type: pathType, ...(relabel && { relabel }) } },
    };
  }
  if (volume.persistentVolumeClaim !== undefined) return resolveClaimed(volume, pointer, scope);
  if (volume.image !== undefined) return resolveImage(volume, pointer, scope);
  return resolveEmptyDir(volume);
}

/** Podman's annotation asks for an SELinux label for one path: shared by containers (z) or of the pod alone (Z). */
function relabelOf({ metadata }: Speaker, path: string): 'z' | 'Z' | undefined {
  const asked = metadata?.annotations?.[bindMountOptions];
  const option = asked?.startsWith(`${path}:`) ? asked.slice(path.length + 1) : undefined;
  return option === 'z' || option === 'Z' ? option : undefined;
}

function resolveClaimed(
  { name, persistentVolumeClaim }: V1Volume,
  pointer: string,
  scope: Scope,
): ResolvedVolume | undefined {
  const { claimName = '', readOnly = false } = persistentVolumeClaim ?? {};
  const key = keyOf('PersistentVolumeClaim', scope.object.namespace, claimName);
  const claim = scope.claims.get(key);
  if (claim?.kind !== 'PersistentVolumeClaim') {
    report(scope, `${pointer}/persistentVolumeClaim`, 'REFERENCE_UNSUPPORTED', `Cannot find '${key}' in the source`, {
      hint: `Add a PersistentVolumeClaim named '${claimName}' in namespace '${scope.object.namespace}'`,
    });
    return undefined;
  }
  return {
    volume: { type: 'claim', name, engineName: volumeNameOf(claim), readOnly },
    // Another volume is another mount; of claims that are named as theirs it was never noted.
    canonical: compact({ claim: claimName, readOnly, volume: ownVolumeName(claim) }),
  };
}

function resolveImage({ name, image }: V1Volume, pointer: string, scope: Scope): ResolvedVolume {
  const { reference = '', pullPolicy = 'IfNotPresent' } = image ?? {};
  const context = contextOf(reference, scope);
  reportUnreadable(reference, context, `${pointer}/image/reference`, scope);
  return {
    volume: { type: 'image', name, image: reference, pullPolicy: pullPolicy as PullPolicy },
    canonical: { image: compact({ reference, build: context?.digest }) },
  };
}

/** Memory, or a directory, for the pod's life: what an `ephemeral` claim is on one host, too. */
function resolveEmptyDir({ name, emptyDir, ephemeral }: V1Volume): ResolvedVolume {
  const memory = emptyDir?.medium === 'Memory';
  // 0 means no limit, as for the kubelet.
  const sizeLimitBytes = (emptyDir?.sizeLimit && quantityUnits(emptyDir.sizeLimit)) || undefined;
  return {
    volume: { type: 'emptyDir', name, memory, sizeLimitBytes },
    canonical: ephemeral === undefined ? { emptyDir: memory ? { medium: 'Memory' } : {} } : { ephemeral: {} },
  };
}
