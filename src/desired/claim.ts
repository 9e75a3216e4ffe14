import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { KubeObject } from '../manifest/object.ts';
import type { DesiredVolume } from '../model/desired.ts';
import { engineNameOf } from '../model/names.ts';

const prefix = 'volume.podman.io/';

/** A PersistentVolumeClaim as a named volume; Podman's `volume.podman.io/*` annotations become driver options. */
export function resolveClaim(object: KubeObject & { readonly object: V1PersistentVolumeClaim }): DesiredVolume {
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
    engineName: engineNameOf(object.key),
    singleWriter: spec?.accessModes?.includes('ReadWriteOncePod') ?? false,
    labels: metadata?.labels ?? {},
    ...(driver === undefined ? {} : { driver }),
    options: Object.fromEntries(options),
    ...(importSource === undefined ? {} : { importSource }),
  };
}
