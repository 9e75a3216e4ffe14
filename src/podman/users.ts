import { readFile } from 'node:fs/promises';
import { getuid } from 'node:process';
import { EngineError } from '../engine/engine.ts';
import { labels } from '../model/labels.ts';
import type { Context } from './context.ts';
import { list, record, textRecord } from './json.ts';

/** Ids that one pod has, as the kubelet gives them (Kubernetes, User Namespaces). */
const idsOfPod = 65_536;
/** Whose subordinate ids are for containers, as for `podman run --userns=auto` (podman-run(1)). */
const owner = 'containers';

/** Ids of the host, from the first on. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/**
 * Chooses the host's ids for a pod that has user ids of its own: 65536, which no other pod of ours has. Podman takes what
 * it gives away itself from the lower end, so this takes from the upper one.
 *
 * @throws EngineError `REFUSED` where the host has set none aside, and for rootless engines
 */
export async function chooseUsers(context: Context, what: string, signal: AbortSignal): Promise<number> {
  if (getuid?.() !== 0) {
    throw new EngineError('REFUSED', `${what}: a rootless engine has no user ids to give to single pods`, {
      hint: 'Run it as root, or leave out hostUsers: its users are those of the account already, not of the host',
    });
  }
  const [users, groups] = await Promise.all(['/etc/subuid', '/etc/subgid'].map(readRanges));
  const ranges = (users ?? []).filter(range =>
    groups?.some(each => each.first === range.first && each.count >= range.count),
  );
  const query = { all: true, filters: { label: [labels.users] } };
  const { body } = await context.http.call({ method: 'GET', path: '/containers/json', query, what, signal });
  const taken = new Set(list(body).map(each => Number(textRecord(record(each).Labels)[labels.users])));
  const free = highestFree(ranges, taken);
  if (free !== undefined) return free;
  const found =
    ranges.length === 0 ? `no ids are set aside for "${owner}"` : `all ids of "${owner}" are given to other pods`;
  throw new EngineError('REFUSED', `${what}: ${found} in /etc/subuid and /etc/subgid`, {
    hint: `Add the line "${owner}:2147483648:1073741824" to both files; each pod takes ${idsOfPod}`,
  });
}

/** What the body of `pods/create` says of ids. */
export function idMapping(first: number): Readonly<Record<string, unknown>> {
  const map = [{ container_id: 0, host_id: first, size: idsOfPod }];
  return { userns: { nsmode: 'private' }, idmappings: { UIDMap: map, GIDMap: map } };
}

/** The ranges of an owner in the text of subuid(5) or subgid(5). */
export function parseRanges(text: string, name: string = owner): readonly IdRange[] {
  const lines = text.split('\n').map(line => line.trim().split(':'));
  return lines
    .filter(([who]) => who === name)
    .map(([, first, count]) => ({ first: Number(first), count: Number(count) }))
    .filter(({ first, count }) => Number.isSafeInteger(first) && count >= idsOfPod);
}

/** The start of the highest part of the ranges that no pod has; parts begin at the start of their range. */
export function highestFree(ranges: readonly IdRange[], taken: ReadonlySet<number>): number | undefined {
  for (const { first, count } of ranges.toSorted((a, b) => b.first - a.first)) {
    for (let part = Math.floor(count / idsOfPod) - 1; part >= 0; part -= 1) {
      const start = first + part * idsOfPod;
      if (!taken.has(start)) return start;
    }
  }
  return undefined;
}

async function readRanges(file: string): Promise<readonly IdRange[]> {
  return parseRanges(await readFile(file, 'utf8').catch(() => ''));
}
