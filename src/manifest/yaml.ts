import { type Event, parseEvents, YAMLException } from 'js-yaml';
import { buildDocument, type Fault, type Node, type TreeLimits } from './build.ts';
import { offsetOfDocument } from './events.ts';

/** How much of a file is read; the defaults are in {@link defaultLimits}. */
export interface Limits extends TreeLimits {
  /** Characters of a file. */
  readonly characters: number;
  /** Levels of nesting. */
  readonly depth: number;
}

/** Far above any manifest that an API server takes (1.5 MiB), and read in well under a second. */
export const defaultLimits: Limits = { characters: 16 * 2 ** 20, depth: 100, nodes: 200_000, aliases: 1_000 };

/** One YAML document of a file. */
export interface YamlDocument {
  /** Undefined where nothing of it can be used. */
  readonly node: Node | undefined;
  readonly faults: readonly Fault[];
  /** Offset of its first value in the file. */
  readonly start: number;
}

/** Splits a file into its documents and reads each; one that is broken does not hide the others. Never throws. */
export function readDocuments(text: string, limits: Limits): readonly YamlDocument[] {
  const whole = parse(text, limits);
  if (!('message' in whole)) return build(whole, text, 0, limits);
  const parts = split(text);
  if (parts.length === 1) return [broken(whole, 0)];
  return parts.flatMap(({ start, end }) => {
    const part = text.slice(start, end);
    const events = parse(part, limits);
    return 'message' in events ? [broken(events, start)] : build(events, part, start, limits);
  });
}

function build(events: readonly Event[], text: string, base: number, limits: Limits): YamlDocument[] {
  const documents: YamlDocument[] = [];
  for (let index = 0; index < events.length; ) {
    const { node, next, faults } = buildDocument(events, text, index, limits);
    const start = offsetOfDocument(events, index) + base;
    documents.push({
      node: node && shift(node, base),
      faults: faults.map(f => ({ ...f, offset: f.offset + base })),
      start,
    });
    index = next;
  }
  return documents;
}

function parse(text: string, limits: Limits): readonly Event[] | Fault {
  try {
    return parseEvents(text, { maxDepth: limits.depth });
  } catch (error) {
    return faultOf(error, text);
  }
}

function faultOf(error: unknown, text: string): Fault {
  if (!(error instanceof YAMLException)) {
    return { code: 'YAML_SYNTAX', offset: 0, message: 'Cannot read this file as YAML', hint: 'Check its syntax' };
  }
  // Past the last line there is nothing to show.
  const offset = Math.min(error.mark?.position ?? 0, text.trimEnd().length);
  if (error.reason.includes('maxDepth')) {
    return {
      code: 'YAML_TOO_COMPLEX',
      offset,
      message: 'Cannot read this document: it is nested too deeply',
      hint: 'Flatten it',
    };
  }
  // Reasons that quote the text (names of anchors, handles, tags) might repeat a secret.
  const reason = error.reason.replace(/["<(].*$/s, '').trim();
  return {
    code: 'YAML_SYNTAX',
    offset,
    message: `Cannot read YAML: ${reason}`,
    hint: hintFor(error.reason, text, offset),
  };
}

function hintFor(reason: string, text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, endOfLine(text, offset));
  if (text.includes('{{')) return 'Render the template first, as with "helm template": a {{ }} is not YAML';
  if (reason.includes('tab')) return 'Indent with spaces: YAML takes no tabs there';
  if (/unexpected end|end of the stream within/.test(reason))
    return 'Close the quote or bracket: the file may be cut off';
  if (offset >= text.trimEnd().length) return 'Complete the last lines: the file may be cut off';
  if (/:\s.*:\s/.test(line)) return 'Put a text that holds ": " in quotes';
  return 'Check the indentation and quotes of this line and the one before';
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end;
}

/** Where `---` stands alone at the start of a line: always between documents, even inside a text block. */
function split(text: string): readonly { readonly start: number; readonly end: number }[] {
  const starts = [0, ...[...text.matchAll(/^---(?=\s|$)/gm)].map(match => match.index)];
  const parts = starts.map((start, i) => ({ start, end: starts[i + 1] ?? text.length }));
  return parts.filter(({ start, end }) => text.slice(start, end).trim() !== '');
}

function broken(fault: Fault, base: number): YamlDocument {
  return { node: undefined, faults: [{ ...fault, offset: fault.offset + base }], start: base };
}

function shift(node: Node, base: number): Node {
  return base === 0 ? node : { ...node, place: shiftPlace(node.place, base) };
}

function shiftPlace(place: Node['place'], base: number): Node['place'] {
  const { offset, members } = place;
  if (!members) return { offset: offset + base };
  const moved = Array.isArray(members)
    ? members.map(member => shiftPlace(member, base))
    : new Map(
        [...(members as ReadonlyMap<string, Node['place']>)].map(([key, member]) => [key, shiftPlace(member, base)]),
      );
  return { offset: offset + base, members: moved };
}
