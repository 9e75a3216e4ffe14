import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeStale, writeDurably } from '../durable.ts';
import { refuseNewer } from './newer.ts';

/** What the guard of pruning keeps beyond the program's end; reconcile/ gives the members their meaning. */
export interface GuardFacts {
  /** `dev:ino` of the source's root when it was last seen whole. */
  readonly identity: string | undefined;
  /** How many objects were owned when the present losses began. */
  readonly ownedBefore: number | undefined;
}

/** The format that is written, and the newest that is read. */
const memoryVersion = 1;

export interface FileMemory {
  /**
   * Undefined where nothing was saved or it cannot be read: the guard starts anew then.
   *
   * @throws StateError `STATE_NEWER`
   */
  load(): Promise<GuardFacts | undefined>;
  /** It lasts when this resolves; equal facts are not written again. */
  save(facts: GuardFacts): Promise<void>;
}

/**
 * What is remembered of one source, in `agent.json` of the state directory. Of another source's facts nothing is
 * known: they are replaced by the first save.
 *
 * @param source `Source.name`: an absolute directory, or a list of paths
 */
export function fileMemory(stateDir: string, source: string): FileMemory {
  const path = join(stateDir, 'agent.json');
  let written: string | undefined;
  return {
    async load() {
      let saved: unknown;
      try {
        await removeStale(stateDir, Date.now());
        const text = await readFile(path, 'utf8');
        written = text;
        saved = JSON.parse(text);
      } catch {
        return undefined;
      }
      refuseNewer(path, saved, memoryVersion);
      return factsOf(saved, source);
    },
    async save({ identity, ownedBefore }) {
      const text = `${JSON.stringify({ version: memoryVersion, source, identity, ownedBefore })}\n`;
      if (text === written) return;
      await writeDurably(path, text);
      written = text;
    },
  };
}

function factsOf(value: unknown, source: string): GuardFacts | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const saved = value as Partial<Record<string, unknown>>;
  if (saved.version !== memoryVersion || saved.source !== source) return undefined;
  return {
    identity: typeof saved.identity === 'string' ? saved.identity : undefined,
    ownedBefore: typeof saved.ownedBefore === 'number' ? saved.ownedBefore : undefined,
  };
}
