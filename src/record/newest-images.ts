import { join } from 'node:path';
import { writeDurably } from '../durable.ts';
import { readEntries } from './entries.ts';

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

function read(path: string): Promise<ReadonlyMap<string, ImageFacts>> {
  return readEntries<ImageFacts>(path, {
    ...{ member: 'images', version },
    isWhole: ({ id, createdMs }) => typeof id === 'string' && typeof createdMs === 'number',
  });
}
