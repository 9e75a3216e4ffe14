import type { Signalled } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import { engineNameOf } from '../model/names.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { list, record, text, textRecord } from './json.ts';
import { path } from './query.ts';

/**
 * Removes a pod of ours that has no container, not even its sandbox: what an engine leaves that dies between the two last
 * of its deletions (4.3). A pod's own labels are given when it is made and never copied, so they prove that it is ours.
 * It is asked for by name: the list of pods waits for the lock of each. Without force, so that one that has got a
 * container meanwhile stays.
 */
export async function removeEmptyPod(
  context: Context,
  { pod: key, uid }: ActionOf<'removeEmptyPod'>,
  { signal }: Signalled,
): Promise<void> {
  const what = `Cannot remove what is left of ${key}`;
  const name = engineNameOf(key);
  const call = { method: 'GET', path: path`/pods/${name}/json`, accept: [404], what, signal } as const;
  const { status, body } = await context.http.call(call);
  const { Id, Labels, Containers } = record(body);
  const { [labels.owner]: owner, [labels.uid]: ofUid } = textRecord(Labels);
  if (status === 404 || owner !== context.owner || ofUid !== uid || list(Containers).length > 0) return;
  const remove = { method: 'DELETE', path: path`/pods/${text(Id)}`, idempotent: true } as const;
  await context.http.call({ ...remove, accept: [404], what, signal });
}
