import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable.ts';

/** An image that a name stood for; reconcile/ gives the members their meaning. */
interface ImageFacts {
  readonly id: string;
  readonly createdMs: number;
}

/** The format that is written; what another version wrote is passed over, for its loss costs one warning. */
const version = 1;

export interface FileImages {
  /** Empty where nothing was saved or it cannot be read. */
  load(): Promise<ReadonlyMap<string, ImageFacts>>;
  /** It lasts when this resolves. */
  save(images: ReadonlyMap<string, ImageFacts>): Promise<void>;
}

/** The newest image of each name, in `newest-images.json` of the state directory; read once. */
export function fileImages(stateDir: string): FileImages {
  const path = join(stateDir, 'newest-images.json');
  let known: ReadonlyMap<string, ImageFacts> | undefined;
  return {
    async load() {
      known ??= await read(path);
      return known;
    },
    async save(images) {
      await writeDurably(path, `${JSON.stringify({ version, images: Object.fromEntries(images) }, undefined, 1)}\n`);
      known = images;
    },
  };
}

async function read(path: string): Promise<ReadonlyMap<string, ImageFacts>> {
  try {
    const saved = JSON.parse(await readFile(path, 'utf8')) as { version: unknown; images: Record<string, unknown> };
    return new Map(saved.version === version ? Object.entries(saved.images).filter(isWhole) : []);
  } catch {
    return new Map();
  }
}

function isWhole(entry: [string, unknown]): entry is [string, ImageFacts] {
  const facts = entry[1] as Partial<Record<keyof ImageFacts, unknown>> | null;
  return typeof facts?.id === 'string' && typeof facts.createdMs === 'number';
}
