import { type Holder, holdPlace, type Place } from '../record/lock.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';

/** A command that only asks who is there holds the place for a moment: longer than that, in milliseconds, it is an agent. */
const momentMs = 300;

/**
 * Takes the place of the one agent that an owner may have on an engine (named by its socket).
 *
 * @returns what gives it back
 * @throws CommandError when another agent has it
 */
export async function takePlace(context: Context, socket: string, source: string): Promise<() => Promise<void>> {
  let place = await tryPlace(context, socket, source);
  if (!place.held) {
    await context.clock.sleep(momentMs, context.signal);
    place = await tryPlace(context, socket, source);
  }
  if (place.held) return place.release;
  throw new CommandError(
    `Cannot change the pods of owner "${context.owner}": an agent or another command does (${holderText(place.by)})`,
    { hint: 'Change what that one keeps, stop it first, or give this one another --owner' },
  );
}

/**
 * Does something as the only writer of this owner's objects: an agent beside it would undo it, or do it a second time.
 *
 * @param doing what is done, for whoever finds the place taken: `apply web.yaml`
 * @throws CommandError when an agent or another command has the place
 */
export async function inPlace<T>(context: Context, socket: string, doing: string, body: () => Promise<T>): Promise<T> {
  const release = await takePlace(context, socket, doing);
  try {
    return await body();
  } finally {
    await release();
  }
}

/** Abstract socket names are shared by all users of a network namespace: theirs must not meet ours. */
function tryPlace({ uid, owner, clock }: Context, socket: string, source: string): Promise<Place> {
  return holdPlace(`agent/${uid}/${owner}${socket}`, { pid: process.pid, sinceMs: clock.now(), source });
}

function holderText(by: Holder | undefined): string {
  if (by === undefined) return 'it does not answer';
  return `pid ${by.pid}, for "${by.source}", since ${new Date(by.sinceMs).toISOString()}`;
}
