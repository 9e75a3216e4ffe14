import type { KubeObject } from '../manifest/object.ts';
import type { Key } from '../model/key.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';
import type { BuildContext } from '../model/source.ts';
import type { ConfigData } from './config.ts';

/** As much of a ReadonlyMap as a resolution needs. */
interface Lookup<V> {
  get(key: string): V | undefined;
}

/** What stands around an object in its source. */
export interface Surroundings {
  /** ConfigMaps and Secrets of the source by key; `broken` where the object is declared but refused. */
  readonly configs: Lookup<ConfigData | 'broken'>;
  /** PersistentVolumeClaims of the source by key. */
  readonly claims: Lookup<KubeObject>;
  /** Build contexts by absolute directory. */
  readonly contexts: Lookup<BuildContext>;
  /** Every object of the source by key, those that are refused among them. */
  readonly declared: Lookup<true>;
  /** What a misspelt key of a Pod or Deployment most likely means. */
  readonly meant: Lookup<Key>;
  /** What the ImageBuilds of the source build, by the full name of each image. */
  readonly builds: Lookup<BuildContext>;
}

/** What the resolution of one object may look at, and where it reports what it finds wrong. */
export interface Scope extends Surroundings {
  readonly object: KubeObject;
  readonly owner: string;
  readonly problems: Problem[];
}

/** Reports a problem at a JSON pointer of the scope's object. */
export function report(
  scope: Scope,
  pointer: string,
  code: ProblemCode,
  message: string,
  more: { readonly hint?: string; readonly severity?: 'error' | 'warning' } = {},
): void {
  scope.problems.push({
    code,
    severity: more.severity ?? 'error',
    message,
    ...(more.hint === undefined ? {} : { hint: more.hint }),
    ...scope.object.locate(pointer),
    key: scope.object.key,
  });
}
