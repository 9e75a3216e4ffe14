import type { DesiredVolume, Json } from '../model/desired.ts';
import { keyParts } from '../model/key.ts';
import type { PodRecord } from '../model/record.ts';
import { member } from './json.ts';

/** Whether a pod, as it was last applied, had the claim mounted: then the volume once was there. */
export function hasUsed(record: PodRecord, volume: DesiredVolume): boolean {
  const { namespace, name } = keyParts(volume.key);
  if (record.applied === undefined || keyParts(record.key).namespace !== namespace) return false;
  return Object.values(record.applied.containers).some(container =>
    Object.values(member(container, 'mounts') ?? {}).some(
      (mount: Json) => member(member(mount, 'source'), 'claim') === name,
    ),
  );
}
