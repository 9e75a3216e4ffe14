import type { Place } from './place.ts';

/** Anything that stands where an object is expected. */
export interface Item {
  readonly value: unknown;
  readonly place: Place;
}

/** The objects of a document: itself, or the items of a List (v1 List, PodList and the like), however deep. */
export function flatten({ value, place }: Item): readonly Item[] {
  const itemKind = listOf(value);
  if (itemKind === undefined) return [{ value, place }];
  const { items, apiVersion } = value as { readonly items?: readonly unknown[] | null; readonly apiVersion?: unknown };
  const list = (place.members as ReadonlyMap<string, Place> | undefined)?.get('items');
  return (items ?? []).flatMap((item, i) => {
    const itemPlace = (list?.members as readonly Place[] | undefined)?.[i] ?? list ?? place;
    return flatten({ value: typed(item, itemKind, apiVersion), place: itemPlace });
  });
}

/** The kind of a list's items (empty where they say it themselves); undefined for what is no list. */
function listOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { kind, items = [] } = value as { readonly kind?: unknown; readonly items?: unknown };
  if (typeof kind !== 'string' || !kind.endsWith('List') || !(items === null || Array.isArray(items))) return undefined;
  return kind.slice(0, -'List'.length);
}

/** Items of a PodList, as kubectl and clients write it, leave out what the list says. */
function typed(item: unknown, kind: string, apiVersion: unknown): unknown {
  if (kind === '' || typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  return { apiVersion, kind, ...item };
}
