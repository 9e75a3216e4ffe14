/** A delay that doubles with each failure in a row. */
export interface Backoff {
  /** After the first failure, in milliseconds. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The delay after `failures` failures in a row, in milliseconds, spread by a quarter to either side so that many agents do not knock
 * at one registry together.
 *
 * @param random in [0, 1)
 */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, random: number): number {
  return jittered(Math.min(firstMs * 2 ** (failures - 1), maxMs), 0.25, random);
}

/** A duration spread by `part` of it to either side. */
export function jittered(ms: number, part: number, random: number): number {
  return ms * (1 - part + 2 * part * random);
}
