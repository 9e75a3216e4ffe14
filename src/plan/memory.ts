import type { ActualPod } from '../model/actual.ts';
import type { CanonicalPod, DesiredContainer, DesiredPod } from '../model/desired.ts';
import { member } from './json.ts';

/**
 * Why the emptyDir volumes in memory need another sandbox: it alone keeps them, and is fixed when it is made. Those of
 * pods that an older version made are left as they are until one of their containers is made anew.
 *
 * @param made containers that are made anew in any case
 * @param applied undefined where no record tells
 */
export function memoryReason(
  pod: DesiredPod,
  actual: ActualPod,
  made: readonly DesiredContainer[],
  applied: CanonicalPod | undefined,
): string | undefined {
  const mounted = new Set(made.flatMap(({ mounts }) => mounts.map(mount => mount.volume)));
  for (const volume of pod.volumes) {
    if (volume.type !== 'emptyDir') continue;
    const { name, memory, sizeLimitBytes } = volume;
    if (mounted.has(name) && memory !== actual.memory.includes(name))
      return memory ? `emptyDir '${name}' is to be kept in memory` : `emptyDir '${name}' is no longer in memory`;
    const before = member(member(applied?.inPlace, 'emptyDirs'), name);
    const limit = member(before, 'sizeLimitBytes');
    if (memory && member(before, 'memory') === true && limit !== (sizeLimitBytes ?? null))
      return `emptyDir '${name}' in memory has another size limit`;
  }
  return undefined;
}
