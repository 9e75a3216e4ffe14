import type { V1ConfigMap, V1Deployment, V1PersistentVolumeClaim, V1Pod, V1Secret } from '@kubernetes/client-node';
import type { Key, Kind } from '../model/key.ts';
import type { Location } from '../model/problem.ts';

/** The Kubernetes types behind our kinds. Only their shapes: values are plain JSON, times are strings. */
export interface KindTypes {
  readonly Pod: V1Pod;
  readonly Deployment: V1Deployment;
  readonly ConfigMap: V1ConfigMap;
  readonly Secret: V1Secret;
  readonly PersistentVolumeClaim: V1PersistentVolumeClaim;
}

/** One object that the source declares, of a known kind. */
export interface ObjectOf<K extends Kind> {
  readonly key: Key;
  readonly kind: K;
  readonly namespace: string;
  readonly name: string;
  /** Absolute directory of its file: build contexts stand there. */
  readonly directory: string;
  /** Where the object begins. */
  readonly origin: Location;
  /**
   * Plain JSON with Kubernetes' defaults filled in, nulls dropped and quantities as strings. Trust its shape only where
   * `usable`.
   */
  readonly object: KindTypes[K];
  /** Where the field of a JSON pointer stands: at its key, or at the nearest parent that was written. */
  locate(pointer: string): Location;
  /** False where it has errors: declared, but refused. What runs of it stays as it is. */
  readonly usable: boolean;
}

/** An object of any of our kinds, told apart by `kind`. */
export type KubeObject = { readonly [K in Kind]: ObjectOf<K> }[Kind];
