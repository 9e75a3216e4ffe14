/** The kinds that Podstead runs. Every other known Kubernetes kind is warned about and skipped. */
export type Kind = 'Pod' | 'Deployment' | 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim';

/** Identity in manifests, engine and status alike: `Kind/namespace/name`, as in `Pod/default/web`. */
export type Key = `${string}/${string}/${string}`;

/** SHA-256 of a canonical form, cut to 32 hex digits. Equal digests mean nothing to do. */
export type Digest = string;

/** The three parts of a {@link Key}. */
export interface KeyParts {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Joins the parts of a key. */
export function keyOf(kind: string, namespace: string, name: string): Key {
  return `${kind}/${namespace}/${name}`;
}

/** Splits a key; the inverse of {@link keyOf}, as neither kinds, namespaces nor names hold a slash. */
export function keyParts(key: Key): KeyParts {
  const [kind = '', namespace = '', name = ''] = key.split('/');
  return { kind, namespace, name };
}
