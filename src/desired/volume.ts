import type { V1ConfigMapVolumeSource, V1KeyToPath, V1SecretVolumeSource, V1Volume } from '@kubernetes/client-node';
import { digest } from '../manifest/canon.ts';
import { quantityUnits } from '../manifest/quantity.ts';
import type { DesiredFiles, DesiredPodVolume, HostPathType, Json } from '../model/desired.ts';
import { keyOf } from '../model/key.ts';
import { engineNameOf } from '../model/names.ts';
import type { Sealed } from '../model/sealed.ts';
import { type ConfigData, lookUp } from './config.ts';
import { report, type Scope } from './scope.ts';

/** A pod's volume and how it shows in the canonical form of the containers that mount it. */
export interface ResolvedVolume {
  readonly volume: DesiredPodVolume;
  readonly canonical: Json;
}

/** Files get this mode where neither the volume nor the item says otherwise (Kubernetes API default). */
const defaultMode = 0o644;

/** Resolves one volume of a pod; undefined where a reference is missing, which is reported. */
export function resolveVolume(volume: V1Volume, pointer: string, scope: Scope): ResolvedVolume | undefined {
  const { name, emptyDir, hostPath, persistentVolumeClaim: claim, configMap, secret } = volume;
  if (configMap !== undefined) return resolveFiles(name, 'ConfigMap', configMap, `${pointer}/configMap`, scope);
  if (secret !== undefined) return resolveFiles(name, 'Secret', secret, `${pointer}/secret`, scope);
  if (hostPath !== undefined) {
    const pathType = (hostPath.type ?? '') as HostPathType;
    return {
      volume: { type: 'hostPath', name, path: hostPath.path, pathType },
      canonical: { hostPath: { path: hostPath.path, type: pathType } },
    };
  }
  if (claim !== undefined) {
    const key = keyOf('PersistentVolumeClaim', scope.object.namespace, claim.claimName);
    if (!scope.claims.has(key)) {
      report(scope, `${pointer}/persistentVolumeClaim`, 'REFERENCE_MISSING', `Cannot find '${key}' in the source`, {
        hint: `Add a PersistentVolumeClaim named '${claim.claimName}' in namespace '${scope.object.namespace}'`,
      });
      return undefined;
    }
    const readOnly = claim.readOnly ?? false;
    return {
      volume: { type: 'claim', name, engineName: engineNameOf(key), readOnly },
      canonical: { claim: claim.claimName, readOnly },
    };
  }
  const memory = emptyDir?.medium === 'Memory';
  const sizeLimitBytes = emptyDir?.sizeLimit === undefined ? undefined : quantityUnits(emptyDir.sizeLimit);
  return {
    volume: { type: 'emptyDir', name, memory, sizeLimitBytes },
    canonical: { emptyDir: memory ? { medium: 'Memory' } : {} },
  };
}

function resolveFiles(
  name: string,
  kind: 'ConfigMap' | 'Secret',
  source: V1ConfigMapVolumeSource & V1SecretVolumeSource,
  pointer: string,
  scope: Scope,
): ResolvedVolume | undefined {
  const referenced = source.secretName ?? source.name ?? '';
  const optional = source.optional ?? false;
  const data = lookUp({ kind, name: referenced, optional, pointer }, scope);
  if (data === undefined && !optional) return undefined;
  const mode = source.defaultMode ?? defaultMode;
  const entries = data === undefined ? [] : selectEntries(data, source.items, mode, optional, pointer, scope);
  const volume: DesiredFiles = {
    type: 'files',
    name,
    from: keyOf(kind, scope.object.namespace, referenced),
    secret: kind === 'Secret',
    digest: digest(
      entries.map(entry => [entry.path, entry.mode, Buffer.from(entry.content.reveal()).toString('base64')]),
    ),
    entries,
  };
  // The content is not part of it: files change under the running container, as in Kubernetes.
  return { volume, canonical: { files: volume.from } };
}

type Entry = DesiredFiles['entries'][number];

function selectEntries(
  data: ConfigData,
  items: readonly V1KeyToPath[] | undefined,
  mode: number,
  optional: boolean,
  pointer: string,
  scope: Scope,
): readonly Entry[] {
  const entry = (path: string, content: Sealed<Uint8Array>, own: number): Entry => ({ path, mode: own, content });
  if (items === undefined) return [...data.entries].map(([key, content]) => entry(key, content, mode)).toSorted(byPath);
  const chosen: Entry[] = [];
  for (const [index, item] of items.entries()) {
    const content = data.entries.get(item.key);
    if (content !== undefined) chosen.push(entry(item.path, content, item.mode ?? mode));
    else if (!optional) {
      report(
        scope,
        `${pointer}/items/${index}`,
        'REFERENCE_MISSING',
        `Cannot find key '${item.key}' in '${data.key}'`,
        {
          hint: `Its keys are: ${[...data.entries.keys()].map(key => `'${key}'`).join(', ') || 'none'}`,
        },
      );
    }
  }
  return chosen.toSorted(byPath);
}

function byPath(a: Entry, b: Entry): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
