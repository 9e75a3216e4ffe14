import fc from 'fast-check';
import { Document, isCollection, isMap, isScalar, Scalar, visit } from 'yaml';
import type { SourceFile } from '../../src/model/source.ts';
import type { Manifest } from './manifests.ts';

/**
 * How manifests are written down, which means nothing: order and number of files, order of documents and of keys,
 * quotes, flow style, comments, line ends. A list of numbers that is used up choice by choice, over and over.
 */
export type Layout = readonly number[];

/** The least of layouts: one file, everything in order. */
export const plainLayout: Layout = [0];

export const layouts: fc.Arbitrary<Layout> = fc.array(fc.nat(997), { minLength: 1, maxLength: 40 });

/** Where the files of every layout stand. */
export const directory = '/src';

type Choose = (below: number) => number;

/** Writes manifests down, one way among many. */
export function written(manifests: readonly Manifest[], layout: Layout): readonly SourceFile[] {
  const choose = chooser(layout);
  const texts = shuffled(manifests, choose).map(manifest => documentText(manifest, choose));
  const files = Array.from({ length: 1 + choose(3) }, (): string[] => []);
  for (const text of texts) files[choose(files.length)]?.push(text);
  const kept = files.filter(each => each.length > 0);
  const named = kept.map((each, at) => ({
    path: choose(2) === 0 ? `${at}.yaml` : `sub/${String.fromCharCode(122 - at)}.yml`,
    directory,
    text: lineEnds(fileText(each, choose), choose),
  }));
  return shuffled(named, choose);
}

function chooser(layout: Layout): Choose {
  let at = 0;
  return below => {
    at += 1;
    return (layout[at % layout.length] ?? 0) % below;
  };
}

/** Itself while every choice is 0. */
function shuffled<T>(items: readonly T[], choose: Choose): readonly T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(choose(left.length), 1));
}

function documentText(manifest: Manifest, choose: Choose): string {
  if (choose(8) === 1) return JSON.stringify(reordered(manifest, choose), undefined, choose(3));
  const whole = choose(8) === 1 ? { apiVersion: 'v1', kind: 'List', items: [manifest] } : manifest;
  const document = new Document(reordered(whole, choose), { aliasDuplicateObjects: false });
  // The writer gets a flow list in a list without indentation wrong.
  const indentSeq = choose(2) === 0;
  visit(document, {
    Node: (key, node) => {
      if (isCollection(node)) node.flow = indentSeq && choose(6) === 1;
      if (isScalar(node)) dress(node, key === 'key', choose);
      if (isMap(node) && !node.flow && choose(6) === 1) node.commentBefore = ' a remark: {it} means "nothing" - at all';
    },
  });
  if (choose(6) === 1) document.commentBefore = ' kind: Pod';
  // The writer breaks a quoted word that is longer than a line wrong: lines are longer than any.
  return document.toString({ indent: 2 + choose(3), lineWidth: choose(2) === 0 ? 0 : 100, indentSeq });
}

function reordered(value: unknown, choose: Choose): unknown {
  if (Array.isArray(value)) return value.map(item => reordered(item, choose));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    shuffled(Object.entries(value), choose).map(([name, member]) => [name, reordered(member, choose)]),
  );
}

/** Plain only what is text whatever reads it; a field's name stays on its line. */
function dress(scalar: Scalar, isName: boolean, choose: Choose): void {
  if (typeof scalar.value !== 'string') return;
  const isPlain =
    /^[A-Za-z/][\w./-]*$/.test(scalar.value) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(scalar.value);
  const quoted: Scalar.Type[] = [
    Scalar.QUOTE_DOUBLE,
    Scalar.QUOTE_SINGLE,
    ...(isName ? [] : [Scalar.BLOCK_LITERAL as Scalar.Type]),
  ];
  const styles = isPlain ? [Scalar.PLAIN as Scalar.Type, ...quoted] : quoted;
  const style = styles[choose(styles.length)];
  if (style !== undefined) scalar.type = style;
}

function fileText(texts: readonly string[], choose: Choose): string {
  const parts = texts.map((text, at) => {
    const start = at > 0 || choose(3) === 1 ? `---${choose(3) === 1 ? ' # next' : ''}\n` : '';
    return `${start}${text.trimEnd()}\n${choose(5) === 1 ? '...\n' : ''}`;
  });
  return `${choose(6) === 1 ? '\uFEFF' : ''}${parts.join(choose(3) === 1 ? '\n# between\n' : '')}${choose(4) === 1 ? '---\n' : ''}`;
}

function lineEnds(text: string, choose: Choose): string {
  return choose(6) === 1 ? text.replaceAll('\n', '\r\n') : text;
}
