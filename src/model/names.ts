import { type Key, keyParts } from './key.ts';

/** The default owner of a host's objects. */
export const defaultOwner = 'podstead';

/** Prefix of everything we create outside the default namespace; `_` cannot occur in a Kubernetes name. */
export function namePrefix(namespace: string): string {
  return namespace === 'default' ? '' : `${namespace}_`;
}

/** The engine's name for a pod or claim of that key: `web` in the default namespace, `shop_web` in `shop`. */
export function engineNameOf(key: Key): string {
  const { namespace, name } = keyParts(key);
  return namePrefix(namespace) + name;
}

/** Annotation of a claim: the engine's name of its volume, whatever the claim's own is. */
export const volumeNameAnnotation = 'podstead.dev/volume-name';

/** The bridge network of a namespace, one per owner. */
export function networkName(namespace: string, owner: string): string {
  return namePrefix(namespace) + owner;
}

/**
 * Where a pod's sandbox keeps its emptyDir volumes that are in memory, so that they outlive the containers that use
 * them; covered in every container.
 */
export const memoryDirectory = '/.podstead';

/** The volume behind an emptyDir: named after the pod's uid, so that no two pods ever share one. */
export function emptyDirName(uid: string, volume: string): string {
  return `${uid}_${volume}`;
}

/** Where a container leaves its termination message unless told otherwise (Kubernetes API, Container). */
export const usualMessagePath = '/dev/termination-log';
