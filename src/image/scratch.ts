import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a large file is kept meanwhile. */
export interface Scratch {
  /** Of a file that is not there yet. */
  readonly path: string;
  remove(): Promise<void>;
}

/** A place for one file, for its owner alone. Not in memory, as /tmp may be: images are large. */
export async function makeScratch(env: Readonly<Record<string, string | undefined>>, name: string): Promise<Scratch> {
  const directory = await mkdtemp(join(env.TMPDIR || '/var/tmp', 'podstead-'));
  return { path: join(directory, name), remove: () => rm(directory, { recursive: true, force: true }) };
}
