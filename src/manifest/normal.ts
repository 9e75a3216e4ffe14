/** Maps of texts: there a null is an empty text, as Go's decoder makes of it. Elsewhere it is an absent field. */
const textMaps: ReadonlySet<string> = new Set([
  'data',
  'stringData',
  'binaryData',
  'labels',
  'annotations',
  'matchLabels',
  'nodeSelector',
]);
/** Lists of texts: a null is an empty text there, too. */
const textLists: ReadonlySet<string> = new Set(['args', 'command']);

/** Drops members that are null, as the API server does; `emptyDir:` alone and `creationTimestamp: null` are common. */
export function dropNulls(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map(item => (item === null && textLists.has(name) ? '' : dropNulls(item)));
  if (typeof value !== 'object' || value === null) return value;
  const kept: Record<string, unknown> = {};
  // No reader of ours gives a key that is called __proto__.
  for (const [key, member] of Object.entries(value)) {
    if (member !== null) kept[key] = dropNulls(member, key);
    else if (textMaps.has(name)) kept[key] = '';
  }
  return kept;
}
