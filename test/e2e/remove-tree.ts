import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Removes a tree in which something may still be mounted for a moment. Not by rm's own retries: each level of the tree
 * makes them anew, so that 5 of 200 ms take an hour where what is busy lies four levels down.
 *
 * @param prepare done before each try
 */
export async function removeTree(dir: string, prepare: () => Promise<void> = async () => undefined): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await prepare();
    try {
      return await rm(dir, { recursive: true, force: true });
    } catch (error) {
      if (tries === 40) throw error;
      await sleep(250);
    }
  }
}
