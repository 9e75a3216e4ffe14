import type { Access } from './access.ts';
import { type Copied, type CopyOptions, copyImage } from './copy.ts';
import type { ContentDigest } from './digest.ts';
import { wanted } from './fit.ts';
import { selectorOf } from './name.ts';
import { inParallel } from './parallel.ts';
import { findManifest } from './repository.ts';
import { makeSharing, type Sharing } from './sharing.ts';
import { outlineOf } from './signing.ts';
import { type JudgedSource, openSource } from './source.ts';
import { type Standing, standing } from './standing.ts';
import type { SyncItem } from './sync-list.ts';
import { type Match, signPresent } from './sync-sign.ts';
import { openTarget } from './target.ts';

/** What became of one image. */
export type Synced = SyncItem &
  (
    | { readonly outcome: 'copied'; readonly copied: Copied }
    /** It was there already; or it would have been copied. */
    | { readonly outcome: 'present' | 'planned'; readonly digest: ContentDigest | undefined }
    | { readonly outcome: 'failed'; readonly error: unknown }
  );

export interface SyncOptions extends CopyOptions {
  readonly to: Access;
  /** Only find out what is to be copied. */
  readonly dryRun: boolean;
  /** Go on with the other images where one fails. */
  readonly keepGoing: boolean;
  /** Hears of every image as it is done. */
  readonly onDone: (synced: Synced) => void;
}

/** Images under way at once: the small ones are mostly waiting for answers, of the large ones each has several blobs. */
const imagesAtOnce = 4;

/**
 * Copies what the destination lacks. What is there under the same name with the same digest is left alone, and no byte of
 * it moves.
 *
 * @returns what became of each, those that were not begun left out
 * @throws the reason of the signal
 */
export async function syncImages(items: readonly SyncItem[], opts: SyncOptions): Promise<readonly Synced[]> {
  const done: Synced[] = [];
  const sharing = makeSharing();
  let isOver = false;
  await inParallel(items, { atOnce: imagesAtOnce, signal: opts.signal }, async item => {
    if (isOver) return;
    const synced = await syncOne(item, opts, sharing);
    opts.signal.throwIfAborted();
    if (synced.outcome === 'failed' && !opts.keepGoing) isOver = true;
    done.push(synced);
    opts.onDone(synced);
  });
  const order = new Map(items.map((item, index) => [item.destination, index]));
  return done.toSorted((a, b) => (order.get(a.destination) ?? 0) - (order.get(b.destination) ?? 0));
}

async function syncOne(item: SyncItem, opts: SyncOptions, sharing: Sharing): Promise<Synced> {
  try {
    const source = await openSource(item.source, item.from);
    try {
      const there = await standing(item.destination, opts.to);
      const match = there && (await matching(there, source, opts));
      if (there !== undefined && match !== undefined) {
        if (!opts.dryRun) await signPresent({ ...item, there, source, match }, opts, sharing);
        return { ...item, outcome: 'present', digest: there.digest };
      }
      if (opts.dryRun) return { ...item, outcome: 'planned', digest: (await outlines(source, opts)).after.top.digest };
      return { ...item, outcome: 'copied', copied: await copyOne(item, source, opts, sharing) };
    } finally {
      await source.close();
    }
  } catch (error) {
    return { ...item, outcome: 'failed', error };
  }
}

async function copyOne(item: SyncItem, source: JudgedSource, opts: SyncOptions, sharing: Sharing): Promise<Copied> {
  const target = await openTarget(item.destination, opts.to);
  try {
    return await copyImage(source, sharing.share(target), opts);
  } finally {
    await target.close();
  }
}

/**
 * Whether the destination has what a copy would put there; undefined where not. Asks for digests first: registries count
 * reads of manifests.
 */
async function matching(there: Standing, source: JudgedSource, opts: SyncOptions): Promise<Match | undefined> {
  const { place, repository } = source;
  const { all } = opts;
  if (repository !== undefined && place.transport === 'docker' && opts.format === undefined) {
    const digest = await findManifest(repository, selectorOf(place.name));
    if (digest === there.digest) return all || !(await there.isIndex()) ? { read: undefined } : undefined;
    if (all) return undefined;
  }
  const read = await outlines(source, opts);
  return read.after.top.digest === there.digest ? { read } : undefined;
}

/** What a copy would put there. Without another format the index of all images is enough to know it. */
async function outlines(source: JudgedSource, opts: SyncOptions): Promise<NonNullable<Match['read']>> {
  if (!opts.all || opts.format !== undefined) return wanted(source, opts);
  const outline = outlineOf(await source.top());
  return { before: outline, after: outline };
}
