import type { DesiredImage } from '../model/desired.ts';
import type { PinnedImage, Unpinned } from '../model/pinned.ts';
import { parseReference } from '../model/reference.ts';
import { seal } from '../model/sealed.ts';
import { type Access, makePool, type RepositoryPool } from './access.ts';
import { keysOf } from './credentials.ts';
import { inParallel } from './parallel.ts';
import { pinImage } from './pin.ts';
import type { Platform } from './platform.ts';

export interface PinOptions {
  readonly platform: Platform;
  /** For all of them, in ms. */
  readonly withinMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** What became of many references, by reference. */
export interface Pins {
  readonly found: ReadonlyMap<DesiredImage['reference'], PinnedImage | Unpinned>;
  /** Those that a registry had been asked for, and had told nothing of when time was up. */
  readonly late: readonly DesiredImage['reference'][];
}

/** Images that one registry is asked for at once: one that hangs keeps no other from being asked. */
const atOnce = 8;

/**
 * Asks registries what references stand for, all at once, each for several. What no registry tells within the time is told
 * as such, and never a failure: a helper for credentials that hangs costs no more than that time either.
 *
 * @param makeAccess with the signal that it is to go by
 * @throws the reason of the signal alone
 */
export async function pinAll(
  images: readonly DesiredImage[],
  makeAccess: (signal: AbortSignal) => Access,
  { platform, withinMs, signal }: PinOptions,
): Promise<Pins> {
  const over = new AbortController();
  const stop = (): void => over.abort(signal.reason);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    over.abort();
  }, withinMs);
  const late: string[] = [];
  const found = new Map<string, PinnedImage | Unpinned>();
  const pool = makePool();
  const access = makeAccess(over.signal);
  const within = `within ${withinMs / 1000} s`;
  try {
    const ask = async (image: DesiredImage): Promise<PinnedImage | Unpinned> => {
      const { reference } = image;
      if (isLate) return { why: `nobody asked its registry ${within}, as it was still to tell of others` };
      const asking = pinImage(reference, accessFor(image, access, pool), platform);
      return orAborted(asking, access.signal).catch((error: unknown) => {
        signal.throwIfAborted();
        if (isLate) late.push(reference);
        return { why: isLate ? `its registry did not tell ${within}` : messageOf(error) };
      });
    };
    const askAll = (some: readonly DesiredImage[]): Promise<void> =>
      inParallel(some, { atOnce, signal }, async image => void found.set(image.reference, await ask(image)));
    await Promise.all(byRegistry(images).map(askAll));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    await pool.close();
  }
  return { found, late };
}

/** As they name it; short names are together, as most of them lead to the same one. */
function byRegistry(images: readonly DesiredImage[]): readonly (readonly DesiredImage[])[] {
  const groups = new Map<string | undefined, DesiredImage[]>();
  for (const image of images) {
    const registry = parseReference(image.reference)?.registry;
    groups.set(registry, [...(groups.get(registry) ?? []), image]);
  }
  return [...groups.values()];
}

/** Connections are shared, and what proves who asks is not: each image has credentials of its own. */
function accessFor({ reference, credentials }: DesiredImage, access: Access, pool: RepositoryPool): Access {
  const own = {
    ...pool,
    repository: (key, make) => pool.repository(`${reference} ${key}`, make),
  } satisfies RepositoryPool;
  if (credentials === undefined) return { ...access, pool: own };
  // As the engine, which looks nowhere else where it is given some.
  const all = credentials.reveal();
  const known: Access['known'] = ({ registry, repository }) => {
    const key = keysOf(registry, repository).find(key => Object.hasOwn(all, key));
    const credential = key === undefined ? undefined : all[key];
    return credential && { kind: 'password', credential: seal(credential), whence: 'of imagePullSecrets' };
  };
  return { ...access, pool: own, auth: undefined, known };
}

/** What does not listen to the signal is left to itself. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
