import type { Location } from '../model/problem.ts';

/** Where a value stands in its text, and where its members do. Shared by aliases, never changed once built. */
export interface Place {
  /** Offset of the key (of the value itself in a list, or at the root). */
  readonly offset: number;
  readonly members?: ReadonlyMap<string, Place> | readonly Place[];
}

/** A file's text with the offsets of its lines. */
export interface Text {
  readonly file: string;
  readonly text: string;
  /** Offset of each line's first character. */
  readonly lines: readonly number[];
}

/** Excerpts longer than this (minified JSON) help nobody and make a report heavy. */
const longestExcerpt = 500;

/** Prepares a file's text for {@link locationAt}. */
export function textOf(file: string, text: string): Text {
  const lines = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.push(at + 1);
  return { file, text, lines };
}

/** Line and column of an offset. */
export function locationAt({ file, lines }: Text, offset: number): Location {
  let low = 0;
  let high = lines.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return { file, line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
}

/** The line that a location points into, without its end; undefined where it is too long to show. */
export function excerptAt({ text, lines }: Text, line: number): string | undefined {
  const start = lines[line - 1] ?? text.length;
  const end = lines[line] ?? text.length;
  return end - start > longestExcerpt ? undefined : text.slice(start, end).replace(/\r?\n$/, '');
}

/** The place of a JSON pointer, or of its nearest parent that is written. */
export function placeOf(root: Place, pointer: string): Place {
  let place = root;
  for (const part of partsOf(pointer)) {
    const next: Place | undefined = Array.isArray(place.members)
      ? place.members[Number(part)]
      : (place.members as ReadonlyMap<string, Place> | undefined)?.get(part);
    if (!next) return place;
    place = next;
  }
  return place;
}

/** Extends a JSON pointer (RFC 6901). */
export function pointer(base: string, ...parts: readonly (string | number)[]): string {
  let path = base;
  for (const part of parts) path += `/${typeof part === 'number' ? part : escaped(part)}`;
  return path;
}

/** Nearly no part needs it, and pointers are made for every field of every object. */
function escaped(part: string): string {
  return /[~/]/.test(part) ? part.replaceAll('~', '~0').replaceAll('/', '~1') : part;
}

/** The parts of a JSON pointer, unescaped. */
export function partsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A pointer as people write it: `spec.containers[0].image`, `metadata.labels["a/b"]`. */
export function fieldName(pointer: string): string {
  const text = partsOf(pointer)
    .map(part => (/^\d+$/.test(part) ? `[${part}]` : /^[\w-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`))
    .join('');
  return text.replace(/^\./, '');
}
