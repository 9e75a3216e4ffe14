import type { ActualContainer, ActualPod } from '../model/actual.ts';
import type { DesiredContainer, DesiredPod } from '../model/desired.ts';
import type { PodRecord } from '../model/record.ts';
import { isSealed } from '../model/sealed.ts';
import { differsInLimits, fitsInPlace } from './limits.ts';

/** Why a pod has to be made anew; undefined where it need not. `refresh` holds the uids of those that are asked for. */
export function recreateReason(
  pod: DesiredPod,
  actual: ActualPod,
  refresh: ReadonlySet<string> | undefined,
): string | undefined {
  if (actual.digest !== pod.sandbox.digest) return 'fields of the sandbox differ';
  if (refresh?.has(actual.uid)) return '--refresh asks for it';
  // Whoever began may be dead: an engine that is killed amid a removal comes back with it half done.
  if (actual.infra.state === 'removing') return 'its sandbox is being removed';
  // Init containers prepare what the main ones find: another one means starting over.
  const init = pod.initContainers.find(
    ({ name, digest, sidecar }) => !sidecar && (actual.containers.get(name)?.digest ?? digest) !== digest,
  );
  if (init !== undefined) return `init container '${init.name}' differs`;
  return undefined;
}

/**
 * Why a container has to be made anew in its pod; undefined where it need not.
 *
 * @param keepsLimits the engine keeps limits that change in place
 */
export function replaceReason(
  container: DesiredContainer,
  actual: ActualContainer | undefined,
  record: PodRecord | undefined,
  keepsLimits: boolean,
): string | undefined {
  if (actual === undefined) {
    const isNew = record?.applied !== undefined && record.applied.containers[container.name] === undefined;
    return isNew ? 'is new' : 'is gone';
  }
  if (actual.digest !== container.digest) return 'differs';
  if (actual.state === 'removing') return 'is being removed';
  const known = record?.containers[container.name];
  const secretDiffers =
    known === undefined ? inspectedSecretDiffers(container, actual) : known.secretDigest !== container.secretDigest;
  if (secretDiffers) return 'takes in a Secret that changed';
  if (!differsInLimits(container, actual, known) || (keepsLimits && fitsInPlace(container, known))) return undefined;
  return 'has other resources';
}

/** With the record lost, inspect's answer stands in for it; without one nothing is known to differ. */
function inspectedSecretDiffers(container: DesiredContainer, { inspected }: ActualContainer): boolean {
  const env = inspected?.env.reveal();
  return env !== undefined && container.env.some(({ name, value }) => isSealed(value) && env[name] !== value.reveal());
}
