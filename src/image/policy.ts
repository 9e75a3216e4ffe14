import type { RegistryName } from './name.ts';

/** A policy of trust, as containers-policy.json(5) has it: what an image must have to be taken. */
export interface Policy {
  /** Its path. */
  readonly file: string;
  readonly byDefault: readonly Requirement[];
  /** By the transport's name, then by scope; the scope '' is the transport's default. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, readonly Requirement[]>>;
}

/** All requirements of a list must be met. */
export type Requirement = { /** `FILE:LINE:COLUMN`. */ readonly at: string } & (
  | { readonly type: 'insecureAcceptAnything' }
  | { readonly type: 'reject' }
  /** A simple signature, made with OpenPGP by one of these keys. */
  | { readonly type: 'signedBy'; readonly keys: readonly KeySource[]; readonly identity: SignedIdentity }
  /** A signature as cosign makes it. */
  | ({ readonly type: 'sigstoreSigned'; readonly identity: SignedIdentity } & SigstoreSigners)
  /** What the format knows and nobody does: it refuses every image, as containers/image does. */
  | { readonly type: 'unsupported'; readonly why: string }
);

/** Who may sign with sigstore: a key, or whom a certificate authority vouches for. */
export interface SigstoreSigners {
  /** Any of them. */
  readonly keys: readonly KeySource[];
  readonly fulcio: FulcioSigner | undefined;
  /** Keys of transparency logs; where there are any, one of the logs must have the signature. */
  readonly rekor: readonly KeySource[];
}

export interface FulcioSigner {
  /** Certificates as PEM. */
  readonly ca: KeySource;
  readonly issuer: string;
  readonly email: string;
}

/** A key, or several, in a file or in the policy itself. */
export type KeySource = { readonly path: string } | { readonly data: Uint8Array };

/** Which name a signature must give an image. */
export type SignedIdentity =
  | { readonly type: 'matchExact' }
  | { readonly type: 'matchRepoDigestOrExact' }
  | { readonly type: 'matchRepository' }
  | { readonly type: 'exactReference'; readonly name: RegistryName }
  | { readonly type: 'exactRepository'; readonly name: RegistryName }
  | { readonly type: 'remapIdentity'; readonly prefix: string; readonly signedPrefix: string };
