import type { Copied } from '../image/copy.ts';
import type { Synced } from '../image/sync.ts';
import type { SyncList } from '../image/sync-list.ts';
import { formatPlace } from '../image/transport.ts';
import { describeError } from './error.ts';

/** `podstead image sync -o json`: schema/image-sync.schema.json. */
export interface SyncDocument {
  readonly Images: readonly ImageDocument[];
  readonly Totals: {
    readonly Copied: number;
    readonly Present: number;
    readonly Planned: number;
    readonly Failed: number;
    readonly Blobs: Copied['blobs'];
    readonly Bytes: number;
  };
}

interface ImageDocument {
  readonly Source: string;
  /** Null where the images of a repository could not be listed. */
  readonly Destination: string | null;
  readonly Status: Synced['outcome'] | 'skipped';
  readonly Digest: string | null;
  readonly Blobs: Copied['blobs'];
  readonly Bytes: number;
  readonly Error: string | null;
}

const nothing: Copied['blobs'] = { sent: 0, mounted: 0, present: 0 };

/** What became of each image of a list; one that was not begun is `skipped`. */
export function syncDocument({ items, failures }: SyncList, done: readonly Synced[]): SyncDocument {
  const byPlace = new Map(done.map(each => [each.destination, each]));
  const failed = failures.map(({ source, error }): ImageDocument => {
    const { message } = describeError(error);
    return { ...bare(source, null), Status: 'failed', Error: message };
  });
  const Images = items.map((item): ImageDocument => {
    const plain = bare(formatPlace(item.source), formatPlace(item.destination));
    const synced = byPlace.get(item.destination);
    return synced === undefined ? plain : { ...plain, ...outcomeOf(synced), Status: synced.outcome };
  });
  const all = [...failed, ...Images];
  const count = (status: ImageDocument['Status']): number => all.filter(({ Status }) => Status === status).length;
  const sum = (of: (image: ImageDocument) => number): number => all.reduce((total, image) => total + of(image), 0);
  return {
    Images: all,
    Totals: {
      Copied: count('copied'),
      Present: count('present'),
      Planned: count('planned'),
      Failed: count('failed'),
      Blobs: {
        sent: sum(({ Blobs }) => Blobs.sent),
        mounted: sum(({ Blobs }) => Blobs.mounted),
        present: sum(({ Blobs }) => Blobs.present),
      },
      Bytes: sum(({ Bytes }) => Bytes),
    },
  };
}

function bare(Source: string, Destination: string | null): ImageDocument {
  return { Source, Destination, Status: 'skipped', Digest: null, Blobs: nothing, Bytes: 0, Error: null };
}

function outcomeOf(synced: Synced): Partial<ImageDocument> {
  if (synced.outcome === 'failed') return { Error: describeError(synced.error).message };
  if (synced.outcome !== 'copied') return { Digest: synced.digest ?? null };
  const { digest, blobs, bytes } = synced.copied;
  return { Digest: digest, Blobs: blobs, Bytes: bytes };
}
