import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeUnitFile } from './write.ts';

/** Names of units that somebody began to write, enable, start or remove, and did not finish with. */
export async function readPending(directory: string, owner: string): Promise<readonly string[]> {
  try {
    const names = (await readFile(pendingFile(directory, owner), 'utf8')).split('\n');
    return names.filter(name => /^[^/]+\.service$/.test(name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Notes the names before anything is done to them: what was done by a run that is killed does not show afterwards. */
export async function notePending(directory: string, owner: string, names: Iterable<string>): Promise<void> {
  const sorted = [...new Set(names)].sort();
  if (sorted.length > 0) await writeUnitFile(pendingFile(directory, owner), `${sorted.join('\n')}\n`);
}

/** All of them are done with. */
export async function clearPending(directory: string, owner: string): Promise<void> {
  await rm(pendingFile(directory, owner), { force: true });
}

/** No name that systemd reads. */
function pendingFile(directory: string, owner: string): string {
  return join(directory, `podstead-${encodeURIComponent(owner)}.pending`);
}
