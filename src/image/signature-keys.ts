import { readFile } from 'node:fs/promises';
import { reasonOf } from '../model/file-fault.ts';
import { ImageError } from './failure.ts';
import type { KeySource } from './policy.ts';

/** The bytes of keys or certificates. @throws ImageError `TRUST_INVALID` where one cannot be read */
export async function readKeys(sources: readonly KeySource[]): Promise<readonly Uint8Array[]> {
  return Promise.all(sources.map(readKey));
}

async function readKey(source: KeySource): Promise<Uint8Array> {
  if ('data' in source) return source.data;
  return readFile(source.path).catch((cause: Error) => {
    const hint = 'Put it there, or name another: without it nothing can be trusted';
    throw new ImageError('TRUST_INVALID', `Cannot read the key "${source.path}": ${reasonOf(cause)}`, { hint, cause });
  });
}

/** How a source is called in messages. */
export function sourceName(source: KeySource): string {
  return 'path' in source ? `"${source.path}"` : 'of the policy';
}

/** The failure of something that is read as a key, and is none. */
export function noKey(source: KeySource, found: unknown): ImageError {
  const why = found instanceof Error ? found.message : String(found);
  const hint = 'Name a file that holds what its field in containers-policy.json(5) expects';
  return new ImageError('TRUST_INVALID', `Cannot use the key ${sourceName(source)}: ${why}`, { hint });
}
