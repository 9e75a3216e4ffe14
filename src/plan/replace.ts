import type { ActualContainer } from '../model/actual.ts';
import type { DesiredContainer } from '../model/desired.ts';
import type { PodRecord } from '../model/record.ts';
import { isSealed } from '../model/sealed.ts';
import { sameJson } from './fields.ts';

/** Why a container is made anew in its pod, of which the container is the subject; undefined where it stays. */
export function replaceReason(
  container: DesiredContainer,
  actual: ActualContainer | undefined,
  record: PodRecord | undefined,
): string | undefined {
  if (actual === undefined) {
    const isNew = record?.applied !== undefined && record.applied.containers[container.name] === undefined;
    return isNew ? 'is new' : 'is gone';
  }
  if (actual.digest !== container.digest) return 'differs';
  if (actual.state === 'removing') return 'is being removed';
  const known = record?.containers[container.name];
  if (known === undefined) return inspectedReason(container, actual);
  if (known.secretDigest !== container.secretDigest) return 'takes in a Secret that changed';
  if (
    known.resources !== undefined &&
    !sameJson({ ...known.resources } as never, { ...container.resources } as never)
  ) {
    return 'has other resources';
  }
  return undefined;
}

/** With the record lost, inspect's answer stands in for it; without one nothing is known to differ. */
function inspectedReason(container: DesiredContainer, { inspected }: ActualContainer): string | undefined {
  if (inspected === undefined) return undefined;
  const env = inspected.env.reveal();
  const secretDiffers = container.env.some(({ name, value }) => isSealed(value) && env[name] !== value.reveal());
  if (secretDiffers) return 'takes in a Secret that changed';
  const { cpuLimitMilli, memoryLimitBytes } = container.resources;
  const same = inspected.cpuLimitMilli === cpuLimitMilli && inspected.memoryLimitBytes === memoryLimitBytes;
  return same ? undefined : 'has other resources';
}
