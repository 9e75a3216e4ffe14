/** Maps of texts: there a null is an empty text, as Go's decoder makes of it. Elsewhere it is an absent field. */
const textMaps: ReadonlySet<string> = new Set([
  'data',
  'stringData',
  'binaryData',
  'labels',
  'annotations',
  'matchLabels',
]);

/** Drops members that are null, as the API server does; `emptyDir:` alone and `creationTimestamp: null` are common. */
export function dropNulls(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map(item => dropNulls(item));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
    if (member === null) return textMaps.has(name) ? [[key, '']] : [];
    return [[key, dropNulls(member, key)]];
  });
  return Object.fromEntries(kept);
}
