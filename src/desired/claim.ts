import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { KubeObject } from '../manifest/object.ts';
import type { DesiredVolume } from '../model/desired.ts';
import { engineNameOf, volumeNameAnnotation } from '../model/names.ts';
import type { Problem } from '../model/problem.ts';
import { escapePointer } from './locate.ts';

const prefix = 'volume.podman.io/';

type Claim = KubeObject & { readonly object: V1PersistentVolumeClaim };

/** The engine's name that the claim says its volume has; undefined where its own name gives that. */
export function ownVolumeName({ object }: Claim): string | undefined {
  return object.metadata?.annotations?.[volumeNameAnnotation];
}

/** The engine's name of a claim's volume. */
export function volumeNameOf(claim: Claim): string {
  return ownVolumeName(claim) ?? engineNameOf(claim.key);
}

/** Claims of which another one has the volume: those that were named so by an annotation first. */
export function volumeClashes(claims: readonly Claim[]): readonly Problem[] {
  const holders = new Map(
    claims.filter(claim => ownVolumeName(claim) === undefined).map(claim => [engineNameOf(claim.key), claim.key]),
  );
  return claims.flatMap(claim => {
    const name = ownVolumeName(claim);
    if (name === undefined) return [];
    const holder = holders.get(name);
    holders.set(name, holder ?? claim.key);
    if (holder === undefined) return [];
    return {
      code: 'NAME_CLASH' as const,
      severity: 'error' as const,
      message: `Cannot use '${claim.key}': '${holder}' has the volume '${name}' already`,
      hint: 'Name another volume, or let the pods use that claim',
      ...claim.locate(`/metadata/annotations/${escapePointer(volumeNameAnnotation)}`),
      key: claim.key,
    };
  });
}

/** A PersistentVolumeClaim as a named volume; Podman's `volume.podman.io/*` annotations become driver options. */
export function resolveClaim(object: Claim): DesiredVolume {
  const { metadata, spec } = object.object;
  const annotation = (name: string): string | undefined => metadata?.annotations?.[prefix + name];
  const uid = annotation('uid');
  const gid = annotation('gid');
  const mountOptions = [annotation('mount-options'), uid && `uid=${uid}`, gid && `gid=${gid}`].filter(Boolean);
  const importSource = annotation('import-source');
  const image = annotation('image');
  const driver = annotation('driver') ?? (image === undefined ? undefined : 'image');
  const options = Object.entries({
    image,
    type: annotation('type'),
    device: annotation('device'),
    o: mountOptions.join(',') || undefined,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    key: object.key,
    origin: object.origin,
    engineName: volumeNameOf(object),
    singleWriter: spec?.accessModes?.includes('ReadWriteOncePod') ?? false,
    labels: metadata?.labels ?? {},
    ...(driver === undefined ? {} : { driver }),
    options: Object.fromEntries(options),
    ...(importSource === undefined ? {} : { importSource }),
  };
}
