/** What a query parameter may be: a list repeats its key, a record is sent as JSON (as Podman's `filters` want it). */
export type QueryValue =
  | string
  | number
  | boolean
  | undefined
  | readonly string[]
  | { readonly [key: string]: unknown };

/** Query parameters of a call; undefined ones are left out. */
export type Query = Readonly<Record<string, QueryValue>>;

/** A path whose inserted parts are encoded, so that a name can never reach into another endpoint or the query. */
export function path(parts: TemplateStringsArray, ...names: readonly string[]): string {
  return parts.reduce((text, part, i) => text + encodeURIComponent(names[i - 1] ?? '') + part);
}

/** `?key=value&…`, or nothing. */
export function queryString(query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(key, asText(one));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

function asText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
