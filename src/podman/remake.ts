import type { DesiredPod } from '../model/desired.ts';
import { labels } from '../model/labels.ts';
import type { Context } from './context.ts';
import { createPod } from './create-pod.ts';
import { record, text, textRecord } from './json.ts';
import { type Member, membersOf, ourMembers } from './members.ts';
import { path } from './query.ts';
import { forceRemovePod, removeKeeping } from './remove-pod.ts';

/** A pod of ours, as its steps name it. */
export interface Whose {
  readonly pod: DesiredPod;
  readonly uid: string;
}

/** What is wrong with a sandbox that cannot be mended: it holds its own port from a start that broke off, or is half removed. */
export type Fault = 'stranded' | 'headless';

/**
 * Makes a pod anew whose engine died amid its start or its removal, under its uid: its volumes, named after that, stay.
 * Only while nothing in it runs or has ended. `fill` then makes its containers again; steps of the same pod that ask
 * meanwhile wait for the first.
 *
 * @returns false where the pod stays as it is
 */
export function remakePod(
  context: Context,
  whose: Whose,
  fault: Fault,
  fill: (names: ReadonlySet<string>) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const { remaking } = context;
  const underWay = remaking.get(whose.uid);
  if (underWay !== undefined) return underWay;
  const made = remake(context, whose, fault, fill, signal).finally(() => remaking.delete(whose.uid));
  remaking.set(whose.uid, made);
  return made;
}

async function remake(
  context: Context,
  { pod, uid }: Whose,
  fault: Fault,
  fill: (names: ReadonlySet<string>) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const what = `Cannot make pod "${pod.engineName}" anew`;
  const call = { method: 'GET', path: path`/pods/${pod.engineName}/json`, accept: [404], what, signal } as const;
  const { status, body } = await context.http.call(call);
  const { Id, Labels, InfraContainerID } = record(body);
  const tags = textRecord(Labels);
  if (status === 404 || tags[labels.owner] !== context.owner || tags[labels.uid] !== uid) return false;
  const isHeadless = text(InfraContainerID) === '';
  // Another step of the pod was quicker.
  if (fault === 'headless' && !isHeadless) return true;
  const members = await membersOf(context, text(Id), what, signal);
  const others = members.filter(({ isInfra }) => !isInfra);
  const ours = await ourMembers(context, members, signal);
  const isFresh = ({ state }: Member): boolean => state === 'created' || state === 'configured';
  if (others.length !== ours.size || !others.every(isFresh)) return false;
  if (fault === 'stranded' && !members.filter(({ isInfra }) => isInfra).every(isFresh)) return false;
  await removeKeeping(context, members, what, signal);
  await forceRemovePod(context, text(Id), what, signal);
  await createPod(context, { verb: 'createPod', pod, uid }, { signal });
  await fill(new Set(ours.keys()));
  return true;
}
