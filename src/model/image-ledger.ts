import type { Key } from './key.ts';

/** The format that this program writes, and the newest that it reads. */
export const ledgerVersion = 1;

/**
 * What is remembered of images: which came by us, and what workloads ran. Its loss makes every image somebody else's, which
 * are never removed; it costs disk, and nothing else.
 */
export interface ImageLedger {
  readonly version: typeof ledgerVersion;
  /** By id: images that the engine did not have before we pulled, built or loaded them. */
  readonly images: { readonly [id: string]: LedgerImage };
  /** By the key of what declares it: a Pod, a Deployment, a claim. */
  readonly workloads: { readonly [key: Key]: LedgerWorkload };
}

export interface LedgerImage {
  /** As the engine had them when the image came; any other is somebody else's doing. */
  readonly names: readonly string[];
  /** When the last container of ours that used it went, or it came; absent while one does. In ms since the epoch. */
  readonly unusedSinceMs?: number;
}

export interface LedgerWorkload {
  /** References that it needs, as it was declared last. */
  readonly references: readonly string[];
  /** References that it asks to be kept beside them. */
  readonly pinned: readonly string[];
  /** By container: ids of the image that it runs, and of the one before. */
  readonly ran: { readonly [container: string]: readonly string[] };
}

export const emptyLedger: ImageLedger = { version: ledgerVersion, images: {}, workloads: {} };
