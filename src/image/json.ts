import { ImageError } from './failure.ts';

/** Deeper than this no document of an image is; what is could break whoever walks it. */
const deepest = 64;

/** Of what cannot be read at all. */
const hint = 'See that it is what it should be, and all of it';

/** JSON of which nothing is known yet. */
export type Unread = unknown;

/**
 * Reads JSON that somebody else wrote.
 *
 * @throws ImageError `MANIFEST_INVALID` where it is none, or is nested too deep
 */
export function parseJson(bytes: Uint8Array, what: string): Unread {
  const text = decode(bytes, what);
  if (depthOf(text) > deepest) {
    throw new ImageError('MANIFEST_INVALID', `Cannot read ${what}: it is nested deeper than ${deepest} levels`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ImageError('MANIFEST_INVALID', `Cannot read ${what}: expected JSON`, { hint, cause });
  }
}

/** Strict: what is no UTF-8 would read as another text than its digest is of. */
function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ImageError('MANIFEST_INVALID', `Cannot read ${what}: it is not UTF-8`, { hint, cause });
  }
}

/** Brackets that are open at once, those in strings aside. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted && char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === '{' || char === '[')) most = Math.max(most, ++depth);
    else if (!quoted && (char === '}' || char === ']')) depth--;
  }
  return most;
}

/** The members of an object; none where it is no object. */
export function record(value: Unread): Readonly<Record<string, Unread>> {
  return isRecord(value) ? value : {};
}

export function isRecord(value: Unread): value is Readonly<Record<string, Unread>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: Unread): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function list(value: Unread): readonly Unread[] {
  return Array.isArray(value) ? value : [];
}

/** The texts of a list, others left out. */
export function texts(value: Unread): readonly string[] {
  return list(value).filter(each => typeof each === 'string');
}

/** What somebody else wrote, for a message: as JSON, which has a form for whatever it is, and keeps it on one line. */
export function quoted(value: Unread, mostChars = 100): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, mostChars);
}
