import type { Digest, Key } from './key.ts';

/** The format that this program writes, and the newest that it reads. */
export const adoptionVersion = 1;

/**
 * That a pod which somebody else made is ours from now on. Engines never change labels, so this stands in for the labels
 * that it does not have, by the ids of what was there then. Its loss makes the pod foreign again, and nothing else.
 */
export interface Adoption {
  readonly version: typeof adoptionVersion;
  readonly owner: string;
  readonly key: Key;
  /** Given then, as to a pod that is created. */
  readonly uid: string;
  /** 256 random bits, which no other pod will ever have. */
  readonly podId: string;
  readonly infraId: string;
  /** Of the sandbox, as its manifest was then. */
  readonly digest: Digest;
  /** By container id. */
  readonly containers: { readonly [id: string]: AdoptedContainer };
}

export interface AdoptedContainer {
  /** In the pod. */
  readonly name: string;
  readonly digest: Digest;
}
