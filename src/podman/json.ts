/** Any JSON value, not yet looked at. */
export type Unread = unknown;

/** A record, or an empty one where the value is none. */
export function record(value: Unread): Readonly<Record<string, Unread>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, Unread>) : {};
}

/** A list, or an empty one: Podman writes `null` for it. */
export function list(value: Unread): readonly Unread[] {
  return Array.isArray(value) ? value : [];
}

/** A string, or the empty one. */
export function text(value: Unread): string {
  return typeof value === 'string' ? value : '';
}

/** A number, or 0. */
export function number(value: Unread): number {
  // JSON.parse() makes Infinity of 1e999.
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** The strings of a list. */
export function texts(value: Unread): readonly string[] {
  return list(value).filter(item => typeof item === 'string');
}

/** The strings of a record. */
export function textRecord(value: Unread): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(record(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/**
 * The first JSON document of a body; undefined where it holds none.
 *
 * Podman 4.3 answers some failures with two documents one after the other (fixed in 5).
 */
export function firstDocument(body: string): Unread {
  const whole = parse(body);
  if (whole !== undefined) return whole;
  for (let end = body.indexOf('}'); end !== -1; end = body.indexOf('}', end + 1)) {
    const first = parse(body.slice(0, end + 1));
    if (first !== undefined) return first;
    // An error's document ends within a few braces; give up on what is no JSON at all.
    if (end > 65536) return undefined;
  }
  return undefined;
}

function parse(body: string): Unread {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
