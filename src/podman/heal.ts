import type { Context } from './context.ts';
import { path } from './query.ts';
import type { Reason } from './status.ts';

/** How often a start is tried at most: what a dead engine left takes one repair for the sandbox, one for the container. */
export const healStarts = 5;
/** Pause after the first repair, in milliseconds; longer after each further one: what is left of a start ends by itself. */
export const healPauseMs = 60;

/**
 * Mends what an engine that died amid a start or stop leaves behind: its database says something else of a container
 * than the runtime does, and comes back so. Seen on 4.3.1 by killing it around each of the runtime's commands.
 *
 * @returns whether another start has a chance
 */
export async function mend(context: Context, id: string, { message }: Reason, signal: AbortSignal): Promise<boolean> {
  // Made by the runtime and not in the database: the create that failed for it has taken it away.
  if (isMadeTwice(message)) return true;
  if (!isAhead(message)) return false;
  const what = 'Cannot stop a container that the engine lost sight of';
  const stop = { method: 'POST', path: path`/containers/${id}/stop`, query: { timeout: 0 }, idempotent: true } as const;
  const { status } = await context.http.call({ ...stop, accept: [304, 404, 500], what, signal });
  return status !== 404 && status !== 500;
}

/** runc's words, and crun's. */
function isMadeTwice(message: string): boolean {
  return /container with given ID already exists|container `?[0-9a-f]+`? already exists/.test(message);
}

/** The runtime runs what is only made in the database; or a stop began, and nobody carries it on. */
function isAhead(message: string): boolean {
  return /(runc|crun)\S* start [0-9a-f]+` failed|must be in Created or Stopped state/.test(message);
}
