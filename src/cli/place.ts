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
    `Cannot keep this host for owner "${context.owner}": another agent does (${holderText(place.by)})`,
    {
      hint: 'Stop it first, or give this one another --owner',
    },
  );
}

/** Who keeps this host for this owner, in words; undefined where no agent does. */
export async function placeHolder(context: Context, socket: string): Promise<string | undefined> {
  const place = await tryPlace(context, socket, '');
  if (!place.held) return holderText(place.by);
  await place.release();
  return undefined;
}

/** Abstract socket names are shared by all users of a network namespace: theirs must not meet ours. */
function tryPlace({ uid, owner, clock }: Context, socket: string, source: string): Promise<Place> {
  return holdPlace(`agent/${uid}/${owner}${socket}`, { pid: process.pid, sinceMs: clock.now(), source });
}

function holderText(by: Holder | undefined): string {
  if (by === undefined) return 'it does not answer';
  return `pid ${by.pid}, for "${by.source}", since ${new Date(by.sinceMs).toISOString()}`;
}
