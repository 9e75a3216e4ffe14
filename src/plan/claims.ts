import type { Actual } from '../model/actual.ts';
import type { Desired, DesiredPod, DesiredVolume, Json } from '../model/desired.ts';
import { type Key, keyParts } from '../model/key.ts';
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

/** What broke off while it was filled counts as not made: making it goes on with that. */
export function isWhole({ engineName }: DesiredVolume, { volumes }: Actual): boolean {
  return volumes.has(engineName) && volumes.get(engineName)?.halfFilled !== true;
}

/** Why a pod cannot be made whose claim is under way, or rests after a failure: the engine would make an empty volume. */
export function unmadeClaim(
  pod: DesiredPod,
  desired: Desired,
  actual: Actual,
  busy: ReadonlySet<Key>,
): string | undefined {
  const names = pod.volumes.flatMap(volume => (volume.type === 'claim' ? [volume.engineName] : []));
  const claims = names.flatMap(name => desired.volumes.get(name) ?? []);
  const unmade = claims.find(claim => busy.has(claim.key) && !isWhole(claim, actual));
  return unmade && `its volume '${unmade.engineName}' is not made yet: see ${unmade.key}`;
}
