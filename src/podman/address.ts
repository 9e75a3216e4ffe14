import { EngineError } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { Context } from './context.ts';
import { list, record, text, textRecord } from './json.ts';
import { path } from './query.ts';

/**
 * Chooses an address for a pod whose containers are told it: what they were told at their creation must be true at each
 * start, after a reboot too. The engine hands out addresses from the lower end on, so this takes from the upper one,
 * none that a pod was promised (by its label) and none in use.
 *
 * @throws EngineError `REFUSED` where the network has no IPv4 addresses left
 */
export async function chooseAddress(context: Context, network: string, signal: AbortSignal): Promise<string> {
  const what = `Cannot choose an address in network "${network}"`;
  const get = async (at: string, query = {}): Promise<unknown> =>
    (await context.http.call({ method: 'GET', path: at, query, accept: [404], what, signal })).body;
  const [found, promised, running] = await Promise.all([
    get(path`/networks/${network}/json`),
    get('/containers/json', { all: true, filters: { label: [labels.address] } }),
    get('/containers/json', { filters: { network: [network] } }),
  ]);
  const inspected = await Promise.all(list(running).map(each => get(path`/containers/${text(record(each).Id)}/json`)));
  const used = new Set([
    ...list(promised).map(each => textRecord(record(each).Labels)[labels.address] ?? ''),
    ...inspected.map(each => text(record(record(record(record(each).NetworkSettings).Networks)[network]).IPAddress)),
  ]);
  for (const subnet of list(record(found).subnets).map(record)) {
    used.add(text(subnet.gateway));
    const free = highest(text(subnet.subnet), used);
    if (free !== undefined) return free;
  }
  throw new EngineError('REFUSED', `${what}: none is free`, {
    hint: 'Remove pods, or give the namespace fewer of them',
  });
}

/** The highest address of an IPv4 subnet that is not used, the broadcast address aside. */
export function highest(subnet: string, used: ReadonlySet<string>): string | undefined {
  const [, base = '', length = ''] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(subnet) ?? [];
  if (base === '') return undefined;
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(numberOf(base) / size) * size;
  for (let at = first + size - 2; at > first; at -= 1) {
    const address = [24, 16, 8, 0].map(shift => Math.floor(at / 2 ** shift) % 256).join('.');
    if (!used.has(address)) return address;
  }
  return undefined;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}
