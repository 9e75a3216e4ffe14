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
  return JSON.stringify(value, sortedKeys) ?? 'null';
}

/** Digest of a value's canonical form. */
export function digest(value: unknown): Digest {
  return digestBytes(canonical(value));
}

/** Digest of bytes, or of a text as UTF-8. */
export function digestBytes(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex').slice(0, digits);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  // No prototype, so that a key called __proto__ is a key.
  const sorted: Record<string, unknown> = Object.create(null);
  for (const [key, member] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) sorted[key] = member;
  return sorted;
}
