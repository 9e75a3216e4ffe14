import { oneByOneEach } from '../gate.ts';
import { nameOf, type Repository } from './repository.ts';
import type { SignatureKeeper } from './signature-keeper.ts';
import type { ImageTarget } from './target.ts';

/** Lets several images go into one repository at once. */
export interface Sharing {
  /** The same target; where others go into its repository too, they keep out of each other's way. */
  share(target: ImageTarget): ImageTarget;
  /** The same keeper of signatures, as that of a shared target. */
  shareKeeper(keeper: SignatureKeeper, repository: Repository | undefined): SignatureKeeper;
}

/**
 * Images of one repository share layers: the first that lacks one sends it, and the others wait for that. Manifests are
 * written one after the other: distribution's registry answers 500 to who asks for one while it is written once more. So are
 * signatures: those of one digest are in one manifest, whatever tags it has.
 */
export function makeSharing(): Sharing {
  const blobs = new Map<string, Promise<void>>();
  const manifests = oneByOneEach();
  const shareKeeper: Sharing['shareKeeper'] = (keeper, repository) =>
    repository === undefined ? keeper : { ...keeper, alone: work => manifests.run(nameOf(repository), work) };
  return {
    shareKeeper,
    share: target => {
      const { repository, signatures } = target;
      if (repository === undefined) return target;
      const name = nameOf(repository);
      return {
        ...target,
        ...oncePerBlob(target, name, blobs),
        putManifest: (manifest, isTop) => manifests.run(name, () => target.putManifest(manifest, isTop)),
        ...(signatures && { signatures: shareKeeper(signatures, repository) }),
      };
    },
  };
}

function oncePerBlob(
  target: ImageTarget,
  name: string,
  underWay: Map<string, Promise<void>>,
): Pick<ImageTarget, 'has' | 'put'> {
  const ends = new Map<string, () => void>();
  const keyOf = (digest: string): string => `${name}@${digest}`;
  const end = (digest: string): void => {
    underWay.delete(keyOf(digest));
    ends.get(digest)?.();
  };
  return {
    has: async blob => {
      const { digest } = blob;
      const key = keyOf(digest);
      for (let other = underWay.get(key); other !== undefined; other = underWay.get(key)) await other;
      underWay.set(key, new Promise(resolve => ends.set(digest, resolve)));
      let isLacking = false;
      try {
        isLacking = !(await target.has(blob));
        return !isLacking;
      } finally {
        // What it lacks is put next, and ends there.
        if (!isLacking) end(digest);
      }
    },
    put: async (blob, content, from) => {
      try {
        return await target.put(blob, content, from);
      } finally {
        end(blob.digest);
      }
    },
  };
}
