import { EngineError, type Signalled } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { ActionOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { list, record, text, textRecord } from './json.ts';
import { path } from './query.ts';

/** Makes a bridge network with DNS where there is none of that name. Asked once a network and process. */
export async function ensureNetwork(context: Context, name: string, signal: AbortSignal): Promise<void> {
  const known = context.networks.get(name);
  if (known !== undefined) return known;
  const made = create(context, name, signal);
  context.networks.set(name, made);
  // The next pod tries again.
  made.catch(() => context.networks.delete(name));
  return made;
}

async function create(context: Context, name: string, signal: AbortSignal): Promise<void> {
  const what = `Cannot create network "${name}"`;
  const body = { name, driver: 'bridge', dns_enabled: true, labels: { [labels.owner]: context.owner } };
  const exists = { method: 'GET', path: path`/networks/${name}/exists`, accept: [404], what, signal } as const;
  if ((await context.http.call(exists)).status !== 404) return;
  // 409: another process was quicker.
  await context.http.call({ method: 'POST', path: '/networks/create', body, accept: [409], what, signal });
}

/**
 * Removes a network of ours that no pod uses, and with it every other: one that a crash left without pods shows in no
 * other way. Never by force, which would remove the containers on it.
 */
export async function removeNetwork(
  context: Context,
  action: ActionOf<'removeNetwork'>,
  { signal }: Signalled,
): Promise<void> {
  const { name } = action;
  const what = `Cannot remove network "${name}"`;
  context.networks.delete(name);
  const found = await context.http.call({
    method: 'GET',
    path: path`/networks/${name}/json`,
    accept: [404],
    what,
    signal,
  });
  if (found.status === 404) return;
  const owner = textRecord(record(found.body).labels)[labels.owner];
  if (owner !== context.owner) {
    const hint = `Remove it with "podman network rm ${name}"`;
    throw new EngineError('REFUSED', `${what}: it is ${owner === undefined ? 'not ours' : `of owner "${owner}"`}`, {
      hint,
    });
  }
  await context.http.call({
    method: 'DELETE',
    path: path`/networks/${name}`,
    accept: [404],
    idempotent: true,
    what,
    signal,
  });
  await sweepNetworks(context, signal);
}

/** Removes the networks of ours that nothing is on. One that is made for a pod at this moment is made again for it. */
export async function sweepNetworks(context: Context, signal: AbortSignal): Promise<void> {
  const what = 'Cannot look for networks that nothing uses';
  const query = { filters: { label: [`${labels.owner}=${context.owner}`] } };
  const { body } = await context.http.call({ method: 'GET', path: '/networks/json', query, what, signal });
  const ours = list(body)
    .map(record)
    .filter(network => textRecord(network.labels)[labels.owner] === context.owner);
  for (const name of ours.map(network => text(network.name))) {
    const call = { method: 'DELETE', path: path`/networks/${name}`, idempotent: true, what, signal } as const;
    // Refused where a container is on it: 500 in 4.3, 409 later.
    const { status } = await context.http.call({ ...call, accept: [404, 409, 500] });
    if (status < 300) context.networks.delete(name);
  }
}
