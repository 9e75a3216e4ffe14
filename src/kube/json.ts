import type { Json } from '../model/desired.ts';

/** A JSON object. */
export type Fields = { readonly [name: string]: Json };

/** The members of an object; of anything else, none. */
export function fields(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The value of a member of an object's own: a container may be called `constructor`. */
export function member(value: Json | undefined, name: string): Json | undefined {
  const all = fields(value);
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

/** The items of a list; of anything else, none. */
export function items(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The texts of a list. */
export function texts(value: Json | undefined): readonly string[] {
  return items(value).filter(item => typeof item === 'string');
}

/** A text, or undefined. */
export function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Without the members that are undefined; the others stay in their order, empty ones too. */
export function given(members: Readonly<Record<string, Json | undefined>>): Fields {
  return Object.fromEntries(Object.entries(members).filter((pair): pair is [string, Json] => pair[1] !== undefined));
}

/** The value, or undefined where it has no members or items. */
export function some<T extends Fields | readonly Json[]>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}

/** `true`, or undefined. */
export function flag(value: Json | undefined): true | undefined {
  return value === true ? true : undefined;
}

/** The members that are not among the known ones. */
export function others(value: Json | undefined, known: readonly string[]): readonly string[] {
  return Object.keys(fields(value)).filter(name => !known.includes(name));
}
