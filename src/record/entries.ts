import { readFile } from 'node:fs/promises';

/**
 * The entries that a file of the state directory keeps below a member, where it is of this version; those that are damaged
 * are left out. Empty where there is no file, or it cannot be read: for what costs little to lose.
 */
export async function readEntries<T>(
  path: string,
  { member, version, isWhole }: { readonly member: string; readonly version: number; readonly isWhole: IsWhole<T> },
): Promise<ReadonlyMap<string, T>> {
  try {
    const saved = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    const entries = saved.version === version ? Object.entries(saved[member] ?? {}) : [];
    return new Map(entries.filter((entry): entry is [string, T] => isWhole(entry[1] ?? {})));
  } catch {
    return new Map();
  }
}

type IsWhole<T> = (value: Partial<Record<keyof T, unknown>>) => boolean;
