import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ListedFault } from './fault.ts';
import type { Fate } from './listed.ts';
import type { MachineFault } from './machine.ts';

/** What the last runs found, of each kind; a run of one kind leaves the other's as it is. */
export interface Results {
  readonly listed: readonly Fate<ListedFault>[];
  readonly machine: readonly Fate<MachineFault>[];
  /** How many faults the machine made, planted or not. */
  readonly made: number;
  /** The arguments of the run that planted them. */
  readonly how: string;
}

/** The results that are kept; nothing where there are none. */
export function readResults(root: string): Results {
  try {
    return JSON.parse(readFileSync(pathIn(root), 'utf8')) as Results;
  } catch {
    return { listed: [], machine: [], made: 0, how: '' };
  }
}

/** Keeps what a run found; an empty list is a kind that it left out. */
export function keepResults(root: string, found: Results): Results {
  const last = readResults(root);
  const listed = found.listed.length > 0 ? found.listed : last.listed;
  const { machine, made, how } = found.machine.length > 0 ? found : last;
  const kept = { listed, machine, made, how };
  mkdirSync(dirname(pathIn(root)), { recursive: true });
  writeFileSync(pathIn(root), JSON.stringify(kept));
  return kept;
}

function pathIn(root: string): string {
  return join(root, '.cache/mutants.json');
}
