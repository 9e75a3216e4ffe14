/** Why something about images was not done; docs/troubleshooting.md explains each. */
export type ImageCode =
  /** What was given is no name of an image, or of a transport that this command takes. */
  | 'NAME_INVALID'
  | 'IMAGE_NOT_FOUND'
  | 'REGISTRY_REFUSED'
  | 'REGISTRY_UNREACHABLE'
  /** registries.conf forbids it. */
  | 'REGISTRY_BLOCKED'
  /** A file registries.conf that cannot be used. */
  | 'REGISTRIES_INVALID'
  /** It answers what no registry may answer. */
  | 'REGISTRY_INVALID'
  /** The bytes are not those that a digest or a size promised. */
  | 'CONTENT_WRONG'
  /** A manifest, index or configuration that is none. */
  | 'MANIFEST_INVALID'
  /** A directory or archive that is not what its transport says. */
  | 'LAYOUT_INVALID'
  | 'PLATFORM_MISSING'
  /** The target cannot hold the image as it is. */
  | 'NOT_CONVERTIBLE'
  | 'CREDENTIALS_INVALID'
  /** A list of images to sync that cannot be used. */
  | 'LIST_INVALID'
  | 'TARGET_TAKEN'
  /** No space is left where something is written, or a quota is used up. */
  | 'DISK_FULL'
  /** A path that was given cannot be read or written: permissions, links, a directory in place of a file. */
  | 'PATH_UNUSABLE'
  /** A policy, a key or a root of trust that cannot be read: nothing is trusted by it. */
  | 'TRUST_INVALID'
  /** A private key, or its passphrase, that cannot be used to sign. */
  | 'KEY_INVALID'
  /** The policy refuses the image, or no signature of it holds. */
  | 'UNTRUSTED';

interface ImageErrorMore {
  readonly hint?: string | undefined;
  readonly transient?: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The world did not do what was asked about an image. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code: ImageCode;
  /** What the operator can do, imperative. */
  readonly hint: string | undefined;
  /** The same call may succeed later without anybody's doing. */
  readonly transient: boolean;
  /** How long the other side asks to be left alone, in ms; undefined where it asks for nothing. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ImageCode, message: string, more: ImageErrorMore = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
    this.transient = more.transient ?? false;
    this.retryAfterMs = more.retryAfterMs;
  }
}
