import type { Node } from './build.ts';
import type { Place } from './place.ts';

/**
 * Merges what a `<<` key holds into a map: keys that are written win, and earlier maps of a list win over later ones
 * (YAML's merge type). Returns what is wrong, if anything.
 */
export function mergeInto(
  value: Record<string, unknown>,
  members: Map<string, Place>,
  source: Node,
): string | undefined {
  const list = Array.isArray(source.value) ? source.value : [source.value];
  const places = Array.isArray(source.value) ? (source.place.members as readonly Place[]) : [source.place];
  for (const [i, from] of list.entries()) {
    if (typeof from !== 'object' || from === null || Array.isArray(from)) {
      return 'Cannot merge this value: it is no map';
    }
    const place = places[i]?.members as ReadonlyMap<string, Place> | undefined;
    for (const [key, member] of Object.entries(from)) {
      if (members.has(key)) continue;
      value[key] = member;
      members.set(key, place?.get(key) ?? source.place);
    }
  }
  return undefined;
}
