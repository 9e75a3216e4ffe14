import { readFile } from 'node:fs/promises';
import { EngineError } from '../engine/engine.ts';

/**
 * Sees that no file system is mounted below a directory: a bind mount makes only the top read-only, and Podman does not
 * know the runtime's `rro` (4.3: "unknown mount option").
 *
 * @param source absolute path without links
 * @param at where it is mounted in the container, for the message
 * @throws EngineError `REFUSED` naming the mount
 */
export async function refuseMountsBelow(source: string, at: string): Promise<void> {
  const inside = mountPoints(await readFile('/proc/self/mountinfo', 'utf8')).find(point =>
    point.startsWith(source === '/' ? source : `${source}/`),
  );
  if (inside === undefined) return;
  const message = `Cannot mount "${source}" at "${at}" read-only with all below it: "${inside}" is a mount of its own, and could be written to`;
  throw new EngineError('REFUSED', message, { hint: 'Unmount it, or set recursiveReadOnly: IfPossible' });
}

/** Every mount point in the text of /proc/PID/mountinfo (proc_pid_mountinfo(5)): the fifth field, blanks in octal. */
export function mountPoints(table: string): readonly string[] {
  const points = table.split('\n').map(line => line.split(' ')[4] ?? '');
  return points.map(point =>
    point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
  );
}
