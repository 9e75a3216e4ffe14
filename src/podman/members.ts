import { EngineError } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import { tagging } from './adopted.ts';
import type { Context } from './context.ts';
import { list, record, text, textRecord, texts } from './json.ts';
import { type Candidate, oursAmong } from './ours.ts';

/** A container of a pod, the infra container included. */
export interface Member extends Candidate {
  readonly id: string;
  readonly isInfra: boolean;
  readonly state: string;
}

/** Everything in a pod. By the containers' list, which does not wait for the pod's lock; empty where it is gone. */
export async function membersOf(
  context: Context,
  podId: string,
  what: string,
  signal: AbortSignal,
): Promise<readonly Member[]> {
  const query = { all: true, filters: { pod: [podId] } };
  // 4.3 answers a filter by a pod that is gone with an error.
  const reply = await context.http
    .call({ method: 'GET', path: '/containers/json', query, accept: [404], what, signal })
    .catch(goneIsEmpty);
  const tagged = tagging(context);
  return list(reply.body).map(value => {
    const { Id, Names, PodName, IsInfra, State, Labels, ImageID, Created } = record(value);
    return {
      id: text(Id),
      name: texts(Names)[0] ?? '',
      podName: text(PodName),
      isInfra: IsInfra === true,
      state: text(State),
      imageId: text(ImageID).replace(/^sha256:/, ''),
      createdAt: text(Created),
      labels: tagged(text(Id), textRecord(Labels)),
    };
  });
}

function goneIsEmpty(error: unknown): { readonly body: unknown } {
  if (error instanceof EngineError && error.code === 'GONE') return { body: [] };
  throw error;
}

/** The members of a pod that we made, by container; where its infra container is gone, any of our labels will do. */
export function ourMembers(
  context: Context,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Member>> {
  const infra = members.find(({ isInfra }) => isInfra);
  const others = members.filter(({ isInfra }) => !isInfra);
  const uid = (infra ?? others.find(({ labels: found }) => found[labels.owner] === context.owner))?.labels[labels.uid];
  return oursAmong(context, others, uid ?? '', { signal });
}

/**
 * Sees that everything in a pod is ours.
 *
 * @throws EngineError `REFUSED` naming what is not
 */
export async function refuseForeign(
  context: Context,
  members: readonly Member[],
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const ours = [...(await ourMembers(context, members, signal)).values()];
  const isOurs = (member: Member): boolean =>
    member.isInfra ? member.labels[labels.owner] === context.owner : ours.includes(member);
  const foreign = members.filter(member => !isOurs(member));
  if (foreign.length === 0) return;
  const names = foreign.map(({ name }) => `"${name}"`).join(', ');
  const hint = 'Remove it with "podman rm -f", then Podstead goes on';
  throw new EngineError('REFUSED', `${what}: the pod holds ${names}, which Podstead did not make`, { hint });
}
