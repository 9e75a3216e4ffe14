/**
 * A value that must not be printed: a Secret's data, a registry password.
 *
 * `String(x)`, template literals, `JSON.stringify` and `util.inspect` all show `***`; only {@link Sealed.reveal}
 * gives the value, and only adapters call it, at the last moment.
 */
export interface Sealed<T = string> {
  reveal(): T;
  toString(): string;
  toJSON(): string;
}

const mask = '***';
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** Seals a value. The value lives in a closure, so no property enumeration reaches it. */
export function seal<T>(value: T): Sealed<T> {
  const sealed = { reveal: () => value, toString: () => mask, toJSON: () => mask, [inspect]: () => mask };
  return Object.freeze(sealed);
}

/** Tells a sealed value from a plain one. */
export function isSealed(value: unknown): value is Sealed<unknown> {
  return typeof value === 'object' && value !== null && 'reveal' in value && inspect in value;
}
