import { rmSync } from 'node:fs';

/** What is under way and would be nobody's once the process ends. */
const paths = new Set<string>();

/**
 * Has a file or directory removed where the process exits in the middle of the work on it, as it does for somebody who
 * insists. What is not there then is no matter.
 *
 * @returns forgets it: call once the path is removed, or somebody's
 */
export function removedAtExit(path: string): () => void {
  if (paths.size === 0) process.on('exit', removeAll);
  paths.add(path);
  return () => {
    paths.delete(path);
    if (paths.size === 0) process.off('exit', removeAll);
  };
}

function removeAll(): void {
  for (const path of paths) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The others go all the same, and nobody is left to be told.
    }
  }
}
