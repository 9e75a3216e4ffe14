import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';
import type { ProblemCode } from '../model/problem.ts';
import { endOf, offsetOf, tagOf } from './events.ts';
import { mergeInto } from './merge.ts';
import type { Place } from './place.ts';
import { binaryText, numberOf, resolvePlain } from './scalar.ts';

/** A fault of the text itself, at an offset. `quotes` marks a message that repeats text of the file. */
export interface Fault {
  readonly code: ProblemCode;
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

/** A value with the places of its parts. */
export interface Node {
  readonly value: unknown;
  readonly place: Place;
  /** Values in it, itself included, aliases expanded. */
  readonly size: number;
  /** Levels in it, aliases expanded; 0 for a scalar. */
  readonly depth: number;
}

/** How much one document may expand to. */
export interface TreeLimits {
  /** Values of a document once its aliases are expanded. */
  readonly nodes: number;
  /** Aliases in a document. */
  readonly aliases: number;
  /** Levels of nesting, aliases expanded. */
  readonly depth: number;
}

/** One document: its value, or nothing where a fault makes it worthless. */
export interface Built {
  readonly node: Node | undefined;
  /** Index of the first event after the document. */
  readonly next: number;
  readonly faults: readonly Fault[];
}

interface Builder {
  readonly events: readonly Event[];
  readonly source: string;
  readonly limits: TreeLimits;
  readonly faults: Fault[];
  /** Anchors whose node is still open map to undefined. */
  readonly anchors: Map<string, Node | undefined>;
  index: number;
  nodes: number;
  aliases: number;
  /** Last offset seen, the place of what is empty. */
  offset: number;
}

/** Ends the document: nothing in it can be used. */
class Abandoned extends Error {}

/** Builds the document whose event stands at `index`, with every fault that does not hide the rest. */
export function buildDocument(events: readonly Event[], source: string, index: number, limits: TreeLimits): Built {
  const builder: Builder = {
    events,
    source,
    limits,
    faults: [],
    anchors: new Map(),
    index: index + 1,
    nodes: 0,
    aliases: 0,
    offset: 0,
  };
  const next = (): number => endOf(events, index);
  try {
    const node = buildNode(builder);
    return { node, next: next(), faults: builder.faults };
  } catch (error) {
    if (!(error instanceof Abandoned)) throw error;
    return { node: undefined, next: next(), faults: builder.faults };
  }
}

function buildNode(builder: Builder): Node {
  const event = builder.events[builder.index++];
  if (!event) return abandon(builder, 'YAML_SYNTAX', 'the text ends too early');
  if (event.type === EVENT_ID.ALIAS)
    return buildAlias(builder, builder.source.slice(event.anchorStart, event.anchorEnd), event.anchorStart - 1);
  if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP)
    return abandon(builder, 'YAML_SYNTAX', 'a value is missing');
  builder.offset = offsetOf(event, builder.offset);
  charge(builder, 1);
  const anchor = event.anchorStart < 0 ? undefined : builder.source.slice(event.anchorStart, event.anchorEnd);
  if (anchor !== undefined) builder.anchors.set(anchor, undefined);
  const node =
    event.type === EVENT_ID.SCALAR
      ? buildScalar(builder, event)
      : event.type === EVENT_ID.SEQUENCE
        ? buildList(builder, tagOf(builder.source, event))
        : buildMap(builder, tagOf(builder.source, event));
  if (anchor !== undefined) builder.anchors.set(anchor, node);
  return node;
}

function buildScalar(builder: Builder, event: ScalarEvent): Node {
  const text = getScalarValue(builder.source, event);
  const { offset } = builder;
  return {
    value: scalarValue(builder, text, tagOf(builder.source, event), event.style === SCALAR_STYLE.PLAIN),
    place: { offset },
    size: 1,
    depth: 0,
  };
}

function scalarValue(builder: Builder, text: string, tag: string, plain: boolean): unknown {
  if (tag === 'str' || tag === '!' || (tag === '' && !plain)) return text;
  const value =
    tag === 'int' || tag === 'float' ? numberOf(text) : tag === 'binary' ? binaryText(text) : resolvePlain(text);
  const wanted = { bool: 'boolean', int: 'number', float: 'number', binary: 'string' }[tag];
  const fits = tag === '' || (tag === 'null' ? value === null : wanted !== undefined && typeof value === wanted);
  if (!fits || (typeof value === 'number' && !Number.isFinite(value))) {
    const why = tag === '' ? 'JSON has no infinite numbers' : 'it does not fit its tag';
    fault(builder, 'YAML_SYNTAX', `Cannot read this value: ${why}`, 'Put the value in quotes');
    return null;
  }
  return value;
}

function buildList(builder: Builder, tag: string): Node {
  expectTag(builder, tag, 'seq');
  const { offset } = builder;
  const values: unknown[] = [];
  const members: Place[] = [];
  let size = 1;
  let depth = 1;
  while (!atEnd(builder)) {
    const item = buildNode(builder);
    values.push(item.value);
    members.push(item.place);
    size += item.size;
    depth = deeper(builder, depth, item);
  }
  return { value: values, place: { offset, members }, size, depth };
}

function buildMap(builder: Builder, tag: string): Node {
  expectTag(builder, tag, 'map');
  const { offset } = builder;
  // Object.defineProperty would be needed for __proto__: such a key is refused instead.
  const value: Record<string, unknown> = {};
  const members = new Map<string, Place>();
  const merges: { readonly node: Node; readonly offset: number }[] = [];
  let size = 1;
  let depth = 1;
  while (!atEnd(builder)) {
    const event = builder.events[builder.index];
    const isMerge =
      event?.type === EVENT_ID.SCALAR &&
      event.style === SCALAR_STYLE.PLAIN &&
      builder.source.slice(event.valueStart, event.valueEnd) === '<<';
    const keyNode = buildNode(builder);
    const keyOffset = keyNode.place.offset;
    const node = buildNode(builder);
    size += keyNode.size + node.size;
    depth = deeper(builder, depth, node);
    if (isMerge) merges.push({ node, offset: keyOffset });
    else addMember(builder, value, members, keyNode, node);
  }
  for (const { node, offset: at } of merges) {
    const error = mergeInto(value, members, node);
    if (error) fault(builder, 'YAML_SYNTAX', error, 'Merge a map, or a list of maps', at);
  }
  return { value, place: { offset, members }, size, depth };
}

function addMember(
  builder: Builder,
  value: Record<string, unknown>,
  members: Map<string, Place>,
  key: Node,
  node: Node,
): void {
  const { offset } = key.place;
  if (key.value === null || typeof key.value === 'object') {
    fault(
      builder,
      'YAML_SYNTAX',
      `Cannot use ${key.value === null ? 'nothing' : 'a map or list'} as a key`,
      'Write a text as the key',
      offset,
    );
    return;
  }
  const name = String(key.value);
  if (name === '__proto__') {
    fault(builder, 'FIELD_UNKNOWN', 'Cannot use "__proto__" as a key', 'Remove the key', offset);
  } else if (members.has(name)) {
    fault(
      builder,
      'YAML_DUPLICATE_KEY',
      `Cannot use this key twice in one map`,
      'Keep one of the two, or merge what is below them',
      offset,
    );
  } else {
    value[name] = node.value;
    members.set(name, node.place.members ? { offset, members: node.place.members } : { offset });
  }
}

function buildAlias(builder: Builder, name: string, offset: number): Node {
  builder.offset = offset;
  builder.aliases += 1;
  if (builder.aliases > builder.limits.aliases) {
    return abandon(
      builder,
      'YAML_TOO_COMPLEX',
      `Cannot read this document: it has more than ${builder.limits.aliases} aliases`,
    );
  }
  const node = builder.anchors.get(name);
  if (!node) {
    const open = builder.anchors.has(name);
    fault(
      builder,
      'YAML_SYNTAX',
      open ? 'Cannot use an alias inside of what it stands for' : 'Cannot find the anchor of this alias',
      'Put the text in quotes where the * is part of it',
    );
    return { value: null, place: { offset }, size: 1, depth: 0 };
  }
  charge(builder, node.size);
  // A copy: defaults are filled in later, and must not show at other places.
  return { value: structuredCopy(node.value), place: { ...node.place, offset }, size: node.size, depth: node.depth };
}

function structuredCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCopy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, structuredCopy(member)]));
}

function charge(builder: Builder, nodes: number): void {
  builder.nodes += nodes;
  if (builder.nodes > builder.limits.nodes) {
    abandon(
      builder,
      'YAML_TOO_COMPLEX',
      `Cannot read this document: it expands to more than ${builder.limits.nodes} values`,
    );
  }
}

/** Aliases nest what the parser saw as flat: the depth is limited once more. */
function deeper(builder: Builder, depth: number, member: Node): number {
  if (member.depth >= builder.limits.depth) {
    abandon(builder, 'YAML_TOO_COMPLEX', 'Cannot read this document: it is nested too deeply');
  }
  return Math.max(depth, member.depth + 1);
}

function expectTag(builder: Builder, tag: string, wanted: string): void {
  if (tag === '' || tag === '!' || tag === wanted) return;
  fault(builder, 'YAML_SYNTAX', `Cannot read a value with this tag`, 'Remove the tag');
}

function atEnd(builder: Builder): boolean {
  const event = builder.events[builder.index];
  if (event && event.type !== EVENT_ID.POP) return false;
  builder.index += 1;
  return true;
}

function fault(
  builder: Builder,
  code: ProblemCode,
  message: string,
  hint?: string,
  offset: number = builder.offset,
): void {
  builder.faults.push({ code, offset, message, ...(hint ? { hint } : {}) });
}

function abandon(builder: Builder, code: ProblemCode, message: string): never {
  fault(
    builder,
    code,
    message,
    code === 'YAML_TOO_COMPLEX' ? 'Write it out plainly, or split it into several documents' : undefined,
  );
  throw new Abandoned();
}
