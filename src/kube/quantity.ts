const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const decimal = ['k', 'M', 'G', 'T', 'P', 'E'] as const;

/** Units of a byte as the API takes them for a divisor, the plain ones first. */
const units: readonly (readonly [string, number])[] = [
  ['', 1],
  ...decimal.map((unit, i) => [unit, 1000 ** (i + 1)] as const),
  ...binary.map((unit, i) => [unit, 1024 ** (i + 1)] as const),
];

/** Bytes in the greatest binary unit that they are a whole number of: `64Mi`. */
export function bytesText(bytes: number): string {
  const unit = units.findLast(([name, size]) => name.endsWith('i') && bytes >= size && bytes % size === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}

/** CPUs in thousandths: `500m`, or `2` where they are whole. */
export function cpuText(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** A divisor of `resourceFieldRef`, given in thousandths: `1m`, `1`, `1Mi`; undefined where it is what is taken anyway. */
export function divisorText(milli: number): string | undefined {
  if (milli === 1) return '1m';
  const unit = units.find(([, size]) => size * 1000 === milli);
  return unit === undefined || milli === 1000 ? undefined : `1${unit[0]}`;
}
