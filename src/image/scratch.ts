import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk } from './disk.ts';
import { removedAtExit } from './leftover.ts';

/** Where a large file is kept meanwhile. */
export interface Scratch {
  /** Of a file that is not there yet. */
  readonly path: string;
  remove(): Promise<void>;
}

/** A place for one file, for its owner alone. Not in memory, as /tmp may be: images are large. @throws ImageError `DISK_FULL` */
export async function makeScratch(env: Readonly<Record<string, string | undefined>>, name: string): Promise<Scratch> {
  const parent = env.TMPDIR || '/var/tmp';
  const directory = await onDisk(parent, () => mkdtemp(join(parent, 'podstead-')));
  const forget = removedAtExit(directory);
  const remove = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    forget();
  };
  return { path: join(directory, name), remove };
}
