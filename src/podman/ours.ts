import type { Signalled } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { Context } from './context.ts';
import { record, text, textRecord, type Unread } from './json.ts';
import { path } from './query.ts';

/** As much of a container in a pod as it takes to tell whose it is. */
export interface Candidate {
  readonly name: string;
  readonly podName: string;
  readonly imageId: string;
  /** As the engine lists it: RFC 3339, so that it sorts as text. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Where the labels of images are known from already: the answer of `images/json`. */
export interface OursOptions extends Signalled {
  readonly images?: readonly Unread[];
}

/**
 * Those of a pod's members, the infra container aside, that we made: one for each container of the pod, oldest first.
 *
 * Labels alone do not tell: `podman commit` copies them into images, and what is run from one has them too. A member of
 * the name that we give is ours; one of another name is ours, and was renamed by hand, unless its image has just these
 * labels. Only for such a one, and where `images` lacks its image (4.3 leaves out an unnamed one with children), a call
 * is made.
 *
 * @throws EngineError
 */
export async function oursAmong<C extends Candidate>(
  context: Context,
  members: readonly C[],
  uid: string,
  opts: OursOptions,
): Promise<ReadonlyMap<string, C>> {
  const ours = new Map<string, C>();
  for (const member of members.toSorted(byAge)) {
    const { [labels.container]: name, [labels.owner]: owner, [labels.uid]: ofUid } = member.labels;
    if (name === undefined || owner !== context.owner || ofUid !== uid || ours.has(name)) continue;
    if (member.name.startsWith(`${member.podName}-${name}`) || !(await isCopy(context, member, opts)))
      ours.set(name, member);
  }
  return ours;
}

/** Of what sets one container of ours apart from others. */
const telling = [labels.uid, labels.container, labels.digest];

/** Whether a container has its labels from its image, and so from whoever made a commit of ours. */
async function isCopy(context: Context, { imageId, labels: found }: Candidate, opts: OursOptions): Promise<boolean> {
  const inherited = await imageLabels(context, imageId, opts);
  return inherited === undefined || telling.every(label => inherited[label] === found[label]);
}

async function imageLabels(
  context: Context,
  id: string,
  { images = [], signal }: OursOptions,
): Promise<Readonly<Record<string, string>> | undefined> {
  const listed = images.map(record).find(image => text(image.Id) === id);
  if (listed !== undefined) return textRecord(listed.Labels);
  const what = 'Cannot look at the image of a container';
  const call = { method: 'GET', path: path`/images/${id}/json`, accept: [404], what, signal } as const;
  const { status, body } = await context.http.call(call);
  return status === 404 ? undefined : textRecord(record(body).Labels);
}

function byAge(a: Candidate, b: Candidate): number {
  return a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0;
}
