import type { ActualContainer } from './actual.ts';
import type { ContainerRecord } from './record.ts';

/** How a container's last run ended, of which the container is the subject: `exited with 1`, or why we stopped it. */
export function endText(
  { exitCode, startedAtMs }: Pick<ActualContainer, 'exitCode' | 'startedAtMs'>,
  record: ContainerRecord | undefined,
): string {
  const stopped = record?.stopped;
  if (stopped?.startedAtMs === startedAtMs) return stopped.why;
  const isOutOfMemory = record?.last?.startedAtMs === startedAtMs && record.last.reason === 'OOMKilled';
  return `exited with ${exitCode}${isOutOfMemory ? ' (OOMKilled)' : ''}`;
}
