import type { Access } from './access.ts';
import type { Sharing } from './sharing.ts';
import { openSigned, type SignedPlace } from './sign.ts';
import { carry, type Fitted, type Outline, outlineOf, type Signing } from './signing.ts';
import type { JudgedSource } from './source.ts';
import type { Standing } from './standing.ts';
import type { SyncItem } from './sync-list.ts';

/** That a destination has what a copy would put there. */
export interface Match {
  /** What was read of the source to know it; undefined where both sides named one digest. */
  readonly read: Pick<Fitted, 'before' | 'after'> | undefined;
}

/** An image that need not be copied. */
export interface Present extends Pick<SyncItem, 'destination'> {
  readonly there: Standing;
  readonly source: JudgedSource;
  readonly match: Match;
}

/**
 * Brings an image that is there the signatures that a copy would bring: those that its source has by now, and those of who
 * signs. Those that are there already add nothing.
 *
 * @throws ImageError; `UNTRUSTED` where the policy would not let it be copied
 */
export async function signPresent(
  { destination, there, source, match }: Present,
  { signing, to }: { readonly signing?: Signing | undefined; readonly to: Access },
  sharing: Sharing,
): Promise<void> {
  if (signing === undefined || !(await isWorthALook(source, signing))) return;
  const here = await openSigned(destination, to);
  try {
    // By its digest: the tag may lead elsewhere by now, and what it leads to is nothing that anybody looked at.
    const top = signing.signers.length > 0 ? await here.top(there.digest) : undefined;
    const { before, after } = match.read ?? asItIs(top ? outlineOf(top) : await outlineThere(here, there));
    const target = { place: destination, signatures: sharing.shareKeeper(here.keeper, here.repository) };
    const write = await carry(source, target, { before, after, repacked: false }, signing);
    if (write === undefined) return;
    for (const image of before.images) await source.admit(image);
    await write(after);
  } finally {
    await here.close();
  }
}

/** Nobody is asked where nothing can come of it: most syncs find nothing new. */
async function isWorthALook(source: JudgedSource, { keep, signers }: Signing): Promise<boolean> {
  return signers.length > 0 || (keep && (await source.mayHaveSignatures()));
}

function asItIs(outline: Outline): Pick<Fitted, 'before' | 'after'> {
  return { before: outline, after: outline };
}

/** An index is read where the image goes: some registries count what is read where it comes from. */
async function outlineThere(here: SignedPlace, { digest, isIndex }: Standing): Promise<Outline> {
  if (await isIndex()) return outlineOf(await here.top(digest));
  const top = { digest, kind: 'image' } as const;
  return { images: [top], top };
}
