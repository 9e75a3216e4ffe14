import { EngineError } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { Context } from './context.ts';
import { list, record, text, textRecord, texts } from './json.ts';

/** A container of a pod, the infra container included. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly podName: string;
  readonly isInfra: boolean;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
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
  return list(reply.body).map(value => {
    const { Id, Names, PodName, IsInfra, State, Labels } = record(value);
    return {
      id: text(Id),
      name: texts(Names)[0] ?? '',
      podName: text(PodName),
      isInfra: IsInfra === true,
      state: text(State),
      labels: textRecord(Labels),
    };
  });
}

function goneIsEmpty(error: unknown): { readonly body: unknown } {
  if (error instanceof EngineError && error.code === 'GONE') return { body: [] };
  throw error;
}

/**
 * Sees that everything in a pod is ours.
 *
 * @throws EngineError `REFUSED` naming what is not
 */
export function refuseForeign(context: Context, members: readonly Member[], what: string): void {
  const infra = members.find(({ isInfra }) => isInfra);
  const foreign = members.filter(member => member.labels[labels.owner] !== context.owner || !isKnown(member, infra));
  if (foreign.length === 0) return;
  const names = foreign.map(({ name }) => `"${name}"`).join(', ');
  const hint = 'Remove it with "podman rm -f", then Podstead goes on';
  throw new EngineError('REFUSED', `${what}: the pod holds ${names}, which Podstead did not make`, { hint });
}

/** By its labels and its name, as observe() tells: one run from a commit of ours has the labels and another name. */
function isKnown({ isInfra, name, podName, labels: found }: Member, infra: Member | undefined): boolean {
  if (isInfra) return true;
  const isOfPod = infra === undefined || found[labels.uid] === infra.labels[labels.uid];
  return isOfPod && found[labels.container] !== undefined && name.startsWith(`${podName}-${found[labels.container]}`);
}
