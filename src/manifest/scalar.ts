/**
 * Plain scalars as Kubernetes reads them: sigs.k8s.io/yaml over goyaml.v2, which is YAML 1.1 with exceptions (`0o17`
 * is octal, `08` is 8, no base 60, dates stay text). Source: resolve.go of sigs.k8s.io/yaml/goyaml.v2.
 */

const words: ReadonlyMap<string, boolean | null> = new Map([
  ...spellings(true, 'y', 'yes', 'true', 'on'),
  ...spellings(false, 'n', 'no', 'false', 'off'),
  ...spellings(null, 'null'),
  ['~', null] as const,
  ['', null] as const,
]);
const specialFloat = /^(?:\.nan|\.NaN|\.NAN|[+-]?\.(?:inf|Inf|INF))$/;
const integer = /^[-+]?(?:0[bB][01]+|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** Where no plain scalar starting so can be anything but text, the usual case. */
const startsSpecial = /^[-+.~0-9yYnNtTfFoO]/;

/** A plain, untagged scalar's value. NaN and infinities come out as such; JSON has none, so the caller refuses them. */
export function resolvePlain(text: string): string | number | boolean | null {
  if (text !== '' && !startsSpecial.test(text)) return text;
  const word = words.get(text);
  if (word !== undefined) return word;
  return numberOf(text) ?? text;
}

/** The number that a scalar is, or undefined. Integers beyond 2^53 lose digits, as in any JSON reader here. */
export function numberOf(text: string): number | undefined {
  if (specialFloat.test(text)) return text.toLowerCase().endsWith('nan') ? Number.NaN : infinity(text);
  // A leading dot takes the path without digit separators.
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '');
  if (/^_/.test(text)) return undefined;
  if (integer.test(digits)) return integerOf(digits);
  // Adding 0 makes 0 of -0, which JSON has and nobody means.
  return float.test(digits) ? Number(digits) + 0 : undefined;
}

function integerOf(digits: string): number {
  const negative = digits.startsWith('-');
  const bare = digits.replace(/^[-+]/, '');
  const value = /^0[0-7]+$/.test(bare) ? Number.parseInt(bare, 8) : Number(bare);
  return negative && value !== 0 ? -value : value;
}

function infinity(text: string): number {
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function spellings<T>(value: T, ...lower: readonly string[]): (readonly [string, T])[] {
  return lower
    .flatMap(word => [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()])
    .map(word => [word, value] as const);
}

/** `!!binary` is text in base64; JSON can hold it only where that is UTF-8. */
export function binaryText(text: string): string | undefined {
  const compact = text.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(compact, 'base64'));
  } catch {
    return undefined;
  }
}
