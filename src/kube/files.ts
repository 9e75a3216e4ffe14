import type { CanonicalPod } from '../model/desired.ts';
import { fields, member } from './json.ts';

/** The files of a pod's volumes that come from ConfigMaps. */
export function filesIn({ inPlace }: CanonicalPod): readonly { readonly volume: string; readonly path: string }[] {
  return Object.entries(fields(member(inPlace, 'files'))).flatMap(([volume, origins]) =>
    Object.keys(fields(origins)).map(path => ({ volume, path })),
  );
}
