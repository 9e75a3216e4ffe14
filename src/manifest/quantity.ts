const binary: Readonly<Record<string, bigint>> = {
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
};

/** Powers of ten by suffix (Kubernetes API, resource.Quantity). */
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/** Nearly all quantities, small enough for exact numbers. */
const everyday = /^(\d{1,6})(m|Ki|Mi|)$/;
const everydayUnits: Readonly<Record<string, number>> = { m: 1, '': 1000, Ki: 1000 * 2 ** 10, Mi: 1000 * 2 ** 20 };

/**
 * A Kubernetes quantity (`250m`, `64Mi`, `1e3`, `0.5`) in thousandths, rounded up as the API server does; undefined
 * where it is none. Values beyond 2^53 thousandths are capped there, above any machine.
 */
export function quantityMilli(quantity: string | number): number | undefined {
  const plain = everyday.exec(String(quantity));
  if (plain) return Number(plain[1]) * (everydayUnits[plain[2] ?? ''] ?? 1);
  const match = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,3}))?$/.exec(
    String(quantity).trim(),
  );
  if (match === null) return undefined;
  const [, sign, digits = '0', binarySuffix, suffix = '', exponent = '0'] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const power = (decimal[suffix] ?? 0) + Number(exponent) + 3 - fraction.length;
  const scaled = BigInt(whole + fraction) * (binarySuffix === undefined ? 1n : (binary[binarySuffix] ?? 1n));
  const milli = power >= 0 ? scaled * 10n ** BigInt(power) : divideUp(scaled, 10n ** BigInt(-power));
  const capped = milli > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(milli);
  return sign === '-' ? -capped : capped;
}

/** A quantity in whole units (bytes for memory), rounded up; undefined where it is none. */
export function quantityUnits(quantity: string | number): number | undefined {
  const milli = quantityMilli(quantity);
  return milli === undefined ? undefined : Math.ceil(milli / 1000);
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
