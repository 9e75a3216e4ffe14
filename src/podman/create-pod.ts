import { EngineError, type Signalled } from '../engine/engine.ts';
import type { DesiredPod } from '../model/desired.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import { asksForAddress } from '../model/text.ts';
import { chooseAddress } from './address.ts';
import type { Context } from './context.ts';
import { giveClaims } from './fs-group.ts';
import { list, record, text, textRecord } from './json.ts';
import { membersOf } from './members.ts';
import { ensureNetwork } from './network.ts';
import { type Identity, podSpec } from './pod-spec.ts';
import { path } from './query.ts';
import { forceRemovePod, removeKeeping } from './remove-pod.ts';
import { findResolver, type Resolver } from './resolver.ts';
import { chooseUsers } from './users.ts';

/** On the host's network each container has its own. */
const noResolver: Resolver = { servers: [], searches: [], options: [] };

/**
 * Makes the sandbox of a pod, and its network first. One of the same uid is the work already done; what a crash left
 * half-made under the name is removed.
 *
 * @throws EngineError `NAME_TAKEN` naming who has the name
 */
export async function createPod(context: Context, action: ActionOf<'createPod'>, { signal }: Signalled): Promise<void> {
  const { pod, uid } = action;
  const { hostNetwork, network } = pod.sandbox;
  if (!hostNetwork) await ensureNetwork(context, network, signal);
  const resolver = hostNetwork ? noResolver : await findResolver(context, pod.sandbox, signal);
  await giveClaims(context, pod, signal);
  const create = async (): Promise<void> => {
    const { ownUsers = false } = pod.sandbox;
    const keeps = keepsAddress(pod);
    if (!keeps && !ownUsers) return post(context, action, { address: undefined, resolver }, signal);
    // One after the other: until the pod stands, nobody sees what of it is taken.
    await context.addressGate.run(async () => {
      const address = keeps ? await chooseAddress(context, network, signal) : undefined;
      const users = ownUsers ? await chooseUsers(context, `Cannot create pod "${pod.engineName}"`, signal) : undefined;
      await post(context, action, { address, users, resolver }, signal);
    });
  };
  try {
    await context.sandboxGate.run(create);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'NAME_TAKEN') {
      if ((await clearName(context, action, error, signal)) === 'done') return;
    } else if (error.code === 'GONE' && !hostNetwork) {
      // The network was removed since we saw it.
      context.networks.delete(network);
      await ensureNetwork(context, network, signal);
    } else {
      // 4.3 leaves a pod without containers when its infra container cannot be made.
      await removeLeftover(context, pod.engineName, uid, signal);
      throw error;
    }
    await create();
  }
}

async function post(
  context: Context,
  { pod, uid }: ActionOf<'createPod'>,
  found: Pick<Identity, 'address' | 'users' | 'resolver'>,
  signal: AbortSignal,
): Promise<void> {
  const what = `Cannot create pod "${pod.engineName}"`;
  const { body } = await context.http.call({
    method: 'POST',
    path: '/pods/create',
    body: podSpec(pod, { uid, owner: context.owner, ...found }),
    what,
    signal,
  });
  context.podIds.set(uid, text(record(body).Id));
  // One that was adopted had the name: it is gone, whoever removed it.
  for (const { podId, key } of context.adoptions.all()) if (key === pod.key) await context.adoptions.forget(podId);
}

/** A pod has one address for its life where its containers are told it, or its hosts file has it. */
function keepsAddress({ sandbox, initContainers, containers }: DesiredPod): boolean {
  if (sandbox.hostNetwork) return false;
  return sandbox.fqdn !== undefined || [...initContainers, ...containers].some(asksForAddress);
}

/** A pod by that name, as inspect tells. */
interface Holder {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly infraId: string;
  readonly containers: readonly { readonly id: string; readonly state: string }[];
}

async function clearName(
  context: Context,
  { pod, uid }: ActionOf<'createPod'>,
  taken: EngineError,
  signal: AbortSignal,
): Promise<'done' | 'free'> {
  const holder = await inspectPod(context, pod.engineName, signal);
  const fail = (who: string): EngineError =>
    new EngineError('NAME_TAKEN', `Cannot create pod "${pod.engineName}": the name is taken by ${who}`, {
      hint: 'Remove what has the name, or rename the pod',
      cause: taken,
    });
  if (holder === undefined) throw fail(`a container of that name`);
  const owner = holder.labels[labels.owner];
  if (owner !== context.owner) throw fail(owner === undefined ? 'a pod that is not ours' : `a pod of owner "${owner}"`);
  const whole = holder.infraId !== '';
  if (whole && holder.labels[labels.uid] === uid && holder.labels[labels.digest] === pod.sandbox.digest) return 'done';
  if (holder.labels[labels.key] !== pod.key)
    throw fail(`a pod of ours, for ${holder.labels[labels.key] ?? 'nothing known'}`);
  if (!(await isHalfMade(context, holder, signal))) throw fail(`an earlier ${pod.key} that has run`);
  const what = `Cannot remove the half-made pod "${pod.engineName}"`;
  await removeKeeping(context, await membersOf(context, holder.id, what, signal), what, signal);
  await forceRemovePod(context, holder.id, what, signal);
  return 'free';
}

/** Nothing in it ever ran, and all of it is ours. */
async function isHalfMade(context: Context, holder: Holder, signal: AbortSignal): Promise<boolean> {
  if (holder.containers.some(({ state }) => !['created', 'configured', 'initialized'].includes(state))) return false;
  const others = holder.containers.filter(({ id }) => id !== holder.infraId);
  const owners = await Promise.all(others.map(({ id }) => ownerOf(context, id, signal)));
  return owners.every(owner => owner === context.owner);
}

async function ownerOf(context: Context, id: string, signal: AbortSignal): Promise<string | undefined> {
  const what = 'Cannot look at a container';
  const { body } = await context.http.call({
    method: 'GET',
    path: path`/containers/${id}/json`,
    accept: [404],
    what,
    signal,
  });
  return textRecord(record(record(body).Config).Labels)[labels.owner];
}

async function removeLeftover(context: Context, name: string, uid: string, signal: AbortSignal): Promise<void> {
  const holder = await inspectPod(context, name, signal).catch(() => undefined);
  if (holder === undefined || holder.labels[labels.uid] !== uid || holder.containers.length > 1) return;
  // What failed first is what the user must know; the next try clears what this leaves.
  await forceRemovePod(context, holder.id, 'Cannot remove a half-made pod', signal).catch(() => undefined);
}

async function inspectPod(context: Context, name: string, signal: AbortSignal): Promise<Holder | undefined> {
  const what = `Cannot look at pod "${name}"`;
  const { status, body } = await context.http.call({
    method: 'GET',
    path: path`/pods/${name}/json`,
    accept: [404],
    what,
    signal,
  });
  if (status === 404) return undefined;
  const pod = record(body);
  const containers = list(pod.Containers)
    .map(record)
    .map(({ Id, State }) => ({ id: text(Id), state: text(State) }));
  return { id: text(pod.Id), labels: textRecord(pod.Labels), infraId: text(pod.InfraContainerID), containers };
}
