/** What a reference stood for at its registry when a plan was made. */
export interface PinnedImage {
  /** With its registry: `quay.io/team/web`. */
  readonly repository: string;
  /** That the engine gives the image; undefined where the reference has a digest, and no tag counts. */
  readonly tag: string | undefined;
  /** Of what the reference names, an index or an image: `sha256:…`. */
  readonly digest: string;
  /** Of the image for this host, as it comes over the wire without anything being there already. */
  readonly bytes: number;
  /** The engine has it already: nothing is to come but its name. */
  readonly isPresent: boolean;
  /** A policy may take the digest where it refuses the tag: it is pulled by the tag, and held against the digest. */
  readonly byTag: boolean;
}

/** Why nobody could tell, in words for people. */
export interface Unpinned {
  readonly why: string;
}
