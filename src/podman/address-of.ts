import type { Context } from './context.ts';
import { record, text } from './json.ts';
import { path } from './query.ts';

/** Where a container is reached. */
export type Address =
  | { readonly network: 'host' }
  /** On a bridge, by its first address there: IPv4 where it has one. */
  | { readonly network: 'bridge'; readonly ip: string };

/** The address of a container, which is that of its pod; undefined where it is gone or has none now. */
export async function addressOf(context: Context, id: string, signal: AbortSignal): Promise<Address | undefined> {
  const what = 'Cannot ask for the address of a pod';
  const call = { method: 'GET', path: path`/containers/${id}/json`, accept: [404], what, signal } as const;
  const { status, body } = await context.http.call(call);
  if (status === 404) return undefined;
  const { HostConfig, NetworkSettings } = record(body);
  const mode = text(record(HostConfig).NetworkMode);
  if (mode === 'host') return { network: 'host' };
  const networks = Object.values(record(record(NetworkSettings).Networks)).map(record);
  const ips = networks.flatMap(each => [text(each.IPAddress), text(each.GlobalIPv6Address)]).filter(ip => ip !== '');
  if (ips[0] !== undefined) return { network: 'bridge', ip: ips.find(ip => !ip.includes(':')) ?? ips[0] };
  // A member of a pod on the host's network shares that of the sandbox.
  const sandbox = /^container:(.+)$/.exec(mode)?.[1];
  return sandbox === undefined ? undefined : addressOf(context, sandbox, signal);
}
