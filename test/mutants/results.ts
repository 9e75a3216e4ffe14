import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ListedFault } from './fault.ts';
import type { Fate } from './listed.ts';
import type { MachineFault } from './machine.ts';
import { isSame } from './sample.ts';

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

/** Follows the arguments of a run whose survivors were planted again. */
const once = ', then --again';

/**
 * Keeps what a run found; an empty list is a kind that it left out.
 *
 * @param isAgain the run planted the survivors of the last one alone: what became of the others still holds
 */
export function keepResults(root: string, found: Results, isAgain = false): Results {
  const last = readResults(root);
  if (isAgain) {
    const how = last.how.endsWith(once) ? last.how : last.how + once;
    return keep(root, { ...last, how, machine: last.machine.map(fate => renewed(fate, found.machine)) });
  }
  const listed = found.listed.length > 0 ? found.listed : last.listed;
  const { machine, made, how } = found.machine.length > 0 ? found : last;
  return keep(root, { listed, machine, made, how });
}

/** Two faults may look the same: where one of them survived, neither counts as found. */
function renewed(fate: Fate<MachineFault>, found: Results['machine']): Fate<MachineFault> {
  if (fate.kill !== undefined) return fate;
  const same = found.filter(({ fault }) => isSame(fault, fate.fault));
  return same.find(({ kill }) => kill === undefined) ?? same[0] ?? fate;
}

function keep(root: string, results: Results): Results {
  mkdirSync(dirname(pathIn(root)), { recursive: true });
  writeFileSync(pathIn(root), JSON.stringify(results));
  return results;
}

function pathIn(root: string): string {
  return join(root, '.cache/mutants.json');
}
