import { parse, type ValueNode } from '@humanwhocodes/momoa';
import { ImageError } from './failure.ts';

/** A value in a JSON file that a person wrote, and where it stands. */
export interface Placed {
  readonly file: string;
  readonly node: ValueNode;
}

/**
 * Reads a JSON file strictly: no comments, no trailing commas.
 *
 * @param file its path, for messages
 * @throws ImageError `TRUST_INVALID`, with line and column
 */
export function readPlaced(file: string, text: string): Placed {
  try {
    return { file, node: parse(text, { mode: 'json' }).body };
  } catch (cause) {
    // Its message ends in "(line:column)", which stands before ours.
    const [, found = 'expected JSON', line = '1', column = '1'] =
      /^(.*?)\.? \((\d+):(\d+)\)$/.exec(cause instanceof Error ? cause.message : '') ?? [];
    throw fault(`${file}:${line}:${column}`, found.slice(0, 200), cause);
  }
}

/** `FILE:LINE:COLUMN`. */
export function placeOf({ file, node }: Placed): string {
  return `${file}:${node.loc.start.line}:${node.loc.start.column}`;
}

/** The failure of a file that cannot be used, at one of its values. */
export function wrong(at: Placed, found: string): ImageError {
  return fault(placeOf(at), found);
}

function fault(place: string, found: string, cause?: unknown): ImageError {
  const hint = 'Mend it as containers-policy.json(5) says: until then nothing is trusted by it';
  return new ImageError('TRUST_INVALID', `Cannot read ${place}: ${found}`, { hint, cause });
}

/** The fields of an object; each once, and none that `isKnown` does not take. @throws ImageError `TRUST_INVALID` */
export function fieldsOf(at: Placed, isKnown: (name: string) => boolean = () => true): ReadonlyMap<string, Placed> {
  const { file, node } = at;
  if (node.type !== 'Object') throw wrong(at, 'expected an object');
  const fields = new Map<string, Placed>();
  for (const { name, value } of node.members) {
    const key = name.type === 'String' ? name.value : name.name;
    const here = { file, node: { ...value, loc: name.loc } };
    if (!isKnown(key)) throw wrong(here, `found the unknown field "${key}"`);
    if (fields.has(key)) throw wrong(here, `found "${key}" a second time`);
    fields.set(key, { file, node: value });
  }
  return fields;
}

/** @throws ImageError `TRUST_INVALID` */
export function itemsOf(at: Placed): readonly Placed[] {
  const { file, node } = at;
  if (node.type !== 'Array') throw wrong(at, 'expected a list');
  return node.elements.map(({ value }) => ({ file, node: value }));
}

/** @throws ImageError `TRUST_INVALID` where it is no text, or an empty one */
export function textOf(at: Placed): string {
  if (at.node.type === 'String' && at.node.value !== '') return at.node.value;
  throw wrong(at, 'expected a text');
}
