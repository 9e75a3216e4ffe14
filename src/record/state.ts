import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from './durable.ts';

/** What the guard of pruning keeps beyond the program's end; reconcile/ gives the members their meaning. */
export interface GuardFacts {
  /** `dev:ino` of the source's root when it was last seen whole. */
  readonly identity: string | undefined;
  /** How many objects were owned when the present losses began. */
  readonly ownedBefore: number | undefined;
}

export interface FileMemory {
  /** Undefined where nothing was saved or it cannot be read: the guard starts anew then. */
  load(): Promise<GuardFacts | undefined>;
  /** It lasts when this resolves; equal facts are not written again. */
  save(facts: GuardFacts): Promise<void>;
}

/** Facts on the agent as a whole, in `agent.json` of the state directory. */
export function fileMemory(stateDir: string): FileMemory {
  const path = join(stateDir, 'agent.json');
  let written: string | undefined;
  return {
    async load() {
      try {
        const text = await readFile(path, 'utf8');
        written = text;
        return factsOf(JSON.parse(text));
      } catch {
        return undefined;
      }
    },
    async save({ identity, ownedBefore }) {
      const text = `${JSON.stringify({ version: 1, identity, ownedBefore })}\n`;
      if (text === written) return;
      await writeDurably(path, text);
      written = text;
    },
  };
}

function factsOf(value: unknown): GuardFacts | undefined {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return undefined;
  const identity = 'identity' in value && typeof value.identity === 'string' ? value.identity : undefined;
  const ownedBefore = 'ownedBefore' in value && typeof value.ownedBefore === 'number' ? value.ownedBefore : undefined;
  return { identity, ownedBefore };
}
