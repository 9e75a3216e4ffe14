import { labels } from '../model/labels.ts';
import { isAdopted } from './adopted.ts';
import type { Context } from './context.ts';
import { record, text, textRecord } from './json.ts';
import { reasonOf, refusal } from './status.ts';

/** What may change an answer of observe; health checks, execs and attaches do not. */
const events = [
  ...['create', 'start', 'died', 'cleanup', 'remove', 'rename', 'pause', 'unpause', 'stop', 'restart', 'kill'],
  ...['pull', 'build', 'tag', 'untag', 'loadfromarchive', 'import', 'prune', 'refresh'],
];
/** Of somebody else's objects: it may have been ours without a label in the event, or be in our way no longer. */
const removals: readonly string[] = ['remove', 'untag', 'prune', 'refresh'];
const ofImages: readonly string[] = ['pull', 'build', 'tag', 'loadfromarchive', 'import'];

/**
 * The engine's events as hints, until the stream ends: 4.3 ends it when its event log is cut at 1 MB, or repeats what
 * the log still has.
 *
 * An object that merely inherits our label wakes too, which costs one look.
 */
export async function* wakes(context: Context, signal: AbortSignal): AsyncGenerator<string, void> {
  const query = { stream: true, filters: { type: ['container', 'pod', 'image', 'volume', 'system'], event: events } };
  const what = "Cannot follow the engine's events";
  for await (const value of context.http.documents({ method: 'GET', path: '/events', query, what, signal })) {
    const event = record(value);
    // 4.3 answers a fault with status 200 and the error as a document.
    if (text(event.cause) !== '') throw refusal(what, 500, reasonOf(JSON.stringify(event)));
    const type = text(event.Type);
    const action = text(event.Action);
    const actor = record(event.Actor);
    const attributes = textRecord(actor.Attributes);
    const concerns =
      attributes[labels.owner] === context.owner ||
      isAdopted(context, text(actor.ID)) ||
      removals.includes(action) ||
      ofImages.includes(action) ||
      type === 'pod';
    if (concerns) yield `${type} ${attributes.name ?? text(actor.ID).slice(0, 12)} ${action}`;
  }
  if (signal.aborted) throw signal.reason;
}
