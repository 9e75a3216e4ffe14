import { join } from 'node:path';
import { writeDurably } from '../durable.ts';
import { readEntries } from './entries.ts';

/** What a build came to. */
export interface BuildOutcome {
  /** Of the image. */
  readonly id: string;
  /** Of its manifest, as in `sha256:…`. */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly builtAtMs: number;
}

/** The format that is written; what another version wrote is passed over, for its loss costs one build out of the cache. */
const version = 1;
/** How many are kept: those that were built last. */
const most = 200;

export interface FileBuilds {
  /** By the digest of all that went into it. Empty where nothing was saved or it cannot be read. */
  load(): Promise<ReadonlyMap<string, BuildOutcome>>;
  /** Adds one. It lasts when this resolves. */
  add(input: string, outcome: BuildOutcome): Promise<void>;
}

/** Outcomes of builds, in `builds.json` of the state directory. */
export function fileBuilds(stateDir: string): FileBuilds {
  const path = join(stateDir, 'builds.json');
  return {
    load: () => read(path),
    add: async (input, outcome) => {
      const all = [...(await read(path)), [input, outcome] as const];
      const newest = [...new Map(all)].sort(([, a], [, b]) => b.builtAtMs - a.builtAtMs).slice(0, most);
      const builds = Object.fromEntries(newest);
      await writeDurably(path, `${JSON.stringify({ version, builds }, undefined, 1)}\n`);
    },
  };
}

function read(path: string): Promise<ReadonlyMap<string, BuildOutcome>> {
  return readEntries<BuildOutcome>(path, {
    ...{ member: 'builds', version },
    isWhole: ({ id, digest, builtAtMs }) =>
      typeof id === 'string' && typeof digest === 'string' && typeof builtAtMs === 'number',
  });
}
