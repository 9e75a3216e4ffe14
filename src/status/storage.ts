import type { Json } from '../model/desired.ts';
import type { PodRecord } from '../model/record.ts';

/** An emptyDir on disk that has a limit: nothing there keeps a program from writing more. */
export interface LimitedVolume {
  /** Its name in the pod. */
  readonly name: string;
  readonly limitBytes: number;
}

/** The limited emptyDirs of a pod that are on disk, as it was last applied; those in memory keep their limit themselves. */
export function limitedVolumes(record: PodRecord | undefined): readonly LimitedVolume[] {
  const all = fieldsOf(fieldsOf(record?.applied?.inPlace).emptyDirs);
  return Object.entries(all).flatMap(([name, value]) => {
    const { memory, sizeLimitBytes: limitBytes } = fieldsOf(value);
    return memory === false && typeof limitBytes === 'number' ? [{ name, limitBytes }] : [];
  });
}

/** What to say of a volume that holds more than it may. The kubelet would evict the pod; here it runs on. */
export function overLimitText({ name, limitBytes }: LimitedVolume, bytes: number): string {
  if (bytes <= limitBytes) return '';
  return `emptyDir "${name}" holds ${inMebibytes(bytes)}, more than its sizeLimit of ${inMebibytes(limitBytes)}`;
}

function inMebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function fieldsOf(value: Json | undefined): { readonly [name: string]: Json } {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as { readonly [name: string]: Json }) : {};
}
