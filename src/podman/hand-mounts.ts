import type { HandMount } from '../model/hand.ts';
import { list, record, text, textRecord, texts, type Unread } from './json.ts';

/** Options that say nothing that a manifest would have to. */
const plain = /^(rbind|bind|rw|ro|r?private|r?slave|r?shared|nosuid|nodev|tmpcopyup|size=.*)$/;

/** What a container has mounted, and what of it a manifest cannot say. */
export interface HandMounts {
  readonly mounts: readonly HandMount[];
  readonly unsaid: readonly string[];
}

/** Reads the mounts that an inspected container shows, sorted by path as the engine has them. */
export function readHandMounts(container: Unread): HandMounts {
  const { Mounts, HostConfig } = record(container);
  const unsaid: string[] = [];
  const mounts = list(Mounts)
    .map(record)
    .flatMap(({ Type, Name, Source, Destination, Options, RW, Propagation, SubPath }): HandMount[] => {
      const path = text(Destination);
      const odd = texts(Options).filter(option => !plain.test(option));
      if (odd.length > 0) unsaid.push(`the options ${odd.join(', ')} of the mount at ${path}`);
      const common = { path, readOnly: RW === false, propagation: propagationOf(text(Propagation)) };
      if (text(SubPath) !== '') unsaid.push(`the part ${text(SubPath)} of the volume at ${path}: all of it is mounted`);
      if (text(Type) === 'volume') return [{ ...common, type: 'volume', name: text(Name) }];
      if (text(Type) === 'bind') return [{ ...common, type: 'bind', source: text(Source) }];
      unsaid.push(`the mount at ${path}, of type ${text(Type)}`);
      return [];
    });
  const tmpfs = Object.entries(textRecord(record(HostConfig).Tmpfs)).map(([path, said]): HandMount => {
    const options = said.split(',');
    const odd = options.filter(option => !plain.test(option));
    if (odd.length > 0) unsaid.push(`the options ${odd.join(', ')} of the tmpfs at ${path}`);
    const size = options.find(option => option.startsWith('size='))?.slice('size='.length);
    const sizeBytes = size === undefined ? undefined : bytesOf(size);
    return { type: 'tmpfs', path, readOnly: options.includes('ro'), propagation: undefined, sizeBytes };
  });
  const byPath = (a: HandMount, b: HandMount): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  return { mounts: [...mounts, ...tmpfs].toSorted(byPath), unsaid };
}

function propagationOf(name: string): HandMount['propagation'] {
  if (name === 'rslave' || name === 'slave') return 'rslave';
  return name === 'rshared' || name === 'shared' ? 'rshared' : undefined;
}

const units = ['', 'k', 'm', 'g'];

/** As tmpfs(5) takes it: `10m`; a share of the memory as `50%` is no size. */
function bytesOf(size: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)([kmg]?)$/i.exec(size) ?? [];
  return amount === undefined ? undefined : Number(amount) * 1024 ** units.indexOf(unit.toLowerCase());
}
