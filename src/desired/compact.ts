import type { Json } from '../model/desired.ts';

/** Drops undefined members and empty objects, so that a field left out and a field at nothing are one thing. */
export function compact(object: Readonly<Record<string, Json | undefined>>): Json {
  const kept = Object.entries(object).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined && !isEmptyObject(entry[1]),
  );
  return Object.fromEntries(kept);
}

function isEmptyObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
