import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SavedGuard } from '../reconcile/guard.ts';
import type { GuardMemory } from '../reconcile/ports.ts';
import { writeDurably } from '../record/durable.ts';

/** What the guard of pruning remembers of one source, in `guard.json` of the state directory. */
export function fileMemory(stateDir: string, source: string): GuardMemory {
  const path = join(stateDir, 'guard.json');
  return {
    load: async () => parse(await readFile(path, 'utf8').catch(() => ''), source),
    save: ({ identity, ownedBefore }) =>
      writeDurably(path, `${JSON.stringify({ version: 1, source, identity, ownedBefore })}\n`),
  };
}

/** Of another source nothing is known; what cannot be read counts as lost. */
function parse(text: string, source: string): SavedGuard | undefined {
  try {
    const saved: unknown = JSON.parse(text);
    if (typeof saved !== 'object' || saved === null || !('source' in saved) || saved.source !== source)
      return undefined;
    const { identity, ownedBefore } = saved as Partial<Record<string, unknown>>;
    return {
      identity: typeof identity === 'string' ? identity : undefined,
      ownedBefore: typeof ownedBefore === 'number' ? ownedBefore : undefined,
    };
  } catch {
    return undefined;
  }
}
