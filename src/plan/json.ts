import type { Json } from '../model/desired.ts';

/** A member of a JSON object; undefined where the value is none or has no such member. */
export function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) ? value[name] : undefined;
}

/** Tells JSON objects from arrays and scalars. */
export function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
