import type { CanonicalPod } from '../model/desired.ts';
import { type Key, keyOf } from '../model/key.ts';
import { fields, items, member, text, texts } from './json.ts';

/** The Secrets that a pod asks for, sorted. */
export function secretsOf(namespace: string, { containers, inPlace }: CanonicalPod): readonly Key[] {
  const all = Object.values(containers);
  const variables = all.flatMap(container => Object.values(fields(member(container, 'env'))));
  const ofEnv = variables.map(value => /^Secret\/[^/]*\/([^[]+)\[/.exec(text(member(value, 'secret')) ?? '')?.[1]);
  const mounts = all.flatMap(container => Object.values(fields(member(container, 'mounts'))));
  const sources = mounts.map(mount => text(member(member(mount, 'source'), 'files')) ?? '');
  const ofMounts = sources.flatMap(from => from.split(', ')).map(from => /^Secret\/[^/]*\/(.+)$/.exec(from)?.[1]);
  const ofVolumes = Object.values(fields(member(inPlace, 'volumes'))).flatMap(volume => [
    text(member(member(volume, 'secret'), 'secretName')),
    ...items(member(member(volume, 'projected'), 'sources')).map(source =>
      text(member(member(source, 'secret'), 'name')),
    ),
  ]);
  const names = [...ofEnv, ...ofMounts, ...ofVolumes, ...texts(member(inPlace, 'imagePullSecrets'))];
  return [...new Set(names.flatMap(name => name ?? []))].sort().map(name => keyOf('Secret', namespace, name));
}
