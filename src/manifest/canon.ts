import { createHash } from 'node:crypto';
import type { Digest } from '../model/key.ts';

/** Hex digits kept of a SHA-256: 128 bits, short enough for a label. */
const digits = 32;

/**
 * The one text of a JSON value: keys sorted, no spaces, `undefined` members dropped.
 *
 * Equal values give equal texts whatever the order in which they were written.
 */
export function canonical(value: unknown): string {
  return textOf(value) ?? 'null';
}

/** Digest of a value's canonical form. */
export function digest(value: unknown): Digest {
  return digestBytes(canonical(value));
}

/** Digest of bytes, or of a text as UTF-8. */
export function digestBytes(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex').slice(0, digits);
}

/** As `JSON.stringify`, whose replacers take three times as long; undefined for what JSON leaves out. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return textOf(value.toJSON());
  if (Array.isArray(value)) return `[${value.map(item => textOf(item) ?? 'null').join(',')}]`;
  const members: string[] = [];
  for (const key of sortedKeys(value)) {
    const text = textOf((value as Readonly<Record<string, unknown>>)[key]);
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join(',')}}`;
}

/** Keys that are numbers of a list come first and by value, as in every JavaScript object: digests were taken so. */
function sortedKeys(value: object): readonly string[] {
  const keys = Object.keys(value);
  const rest = keys.findIndex(key => !isIndex(key));
  if (rest <= 0) return rest < 0 ? keys : keys.sort();
  return [...keys.slice(0, rest), ...keys.slice(rest).sort()];
}

function isIndex(key: string): boolean {
  return /^\d/.test(key) && String(Number(key) >>> 0) === key && key !== '4294967295';
}
