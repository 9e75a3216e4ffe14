import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprint } from '../../src/desired/pod.ts';
import { load } from '../../src/manifest/load.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { SourceFile } from '../../src/model/source.ts';
import { textOf } from '../../src/source/text.ts';
import { directory, layouts, written } from '../arbitraries/layout.ts';
import { type Manifest, manifestsOf, wishes } from '../arbitraries/manifests.ts';
import { property } from '../arbitraries/property.ts';
import { nothingBut, planOf } from '../plan/scenario.ts';
import { loaded } from '../reconcile/world.ts';
import { heapGrowth } from './memory.ts';

const bare = { revision: 'r1', contexts: new Map(), problems: [], identity: '1:1', busy: false };

/** Reads files as the program does, all the way to a plan; whatever they hold, that gives values. */
function read(files: readonly SourceFile[]): { readonly desired: Desired; readonly problems: readonly Problem[] } {
  const { desired, problems } = loaded({ ...bare, files });
  for (const { file, line, column, message, code, key } of problems) {
    assert.ok(line >= 1 && column >= 1 && message !== '' && code !== undefined, message);
    assert.ok(file === '' || files.some(({ path }) => path === file), file);
    assert.ok(key === undefined || key.split('/').length === 3, key);
  }
  for (const pod of desired.pods.values()) assert.match(fingerprint(pod), /^[0-9a-f]{32}$/);
  JSON.stringify(planOf(desired, nothingBut([])));
  return { desired, problems };
}

function fileOf(bytes: Uint8Array): SourceFile | undefined {
  const result = textOf(bytes, 'a.yaml');
  return 'text' in result ? { path: 'a.yaml', directory, text: result.text } : undefined;
}

property(
  'manifests: any bytes are text with problems, or no text',
  1000,
  fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), yamlish()), bytes => {
    const file = fileOf(bytes);
    if (file !== undefined) read([file]);
  }),
);

function yamlish(): fc.Arbitrary<Uint8Array> {
  const pieces = [
    'kind: Pod\n',
    'apiVersion: v1\n',
    'metadata:\n',
    '  name: a\n',
    'spec: {}\n',
    '---\n',
    '- ',
    ': ',
    '&a ',
  ];
  const odd = [
    '*a',
    '<<: ',
    '!!binary ',
    '|\n',
    '>-\n',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '\t',
    '#',
    '? ',
    '...\n',
    '%YAML 1.1\n',
  ];
  const piece = fc.oneof(
    fc.constantFrom(...pieces, ...odd, 'containers:\n'),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );
  return fc.array(piece, { maxLength: 40 }).map(parts => Buffer.from(parts.join('')));
}

property(
  'manifests: a sound source with bytes overwritten, cut out or cut off is read as values',
  300,
  fc.property(
    wishes(1),
    layouts,
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.uint8Array({ maxLength: 8 }),
    fc.nat(60),
    (wish, layout, at, by, cut) => {
      const files = written(manifestsOf(wish), layout).flatMap((file, index) => {
        if (index > 0) return [file];
        const bytes = Buffer.from(file.text);
        const from = Math.floor(at * bytes.length);
        const spoilt = textOf(Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(from + cut)]), file.path);
        return 'text' in spoilt ? [{ ...file, text: spoilt.text }] : [];
      });
      read(files);
    },
  ),
);

property(
  'manifests: a sound object with any JSON in place of any of its parts is read as values',
  500,
  fc.property(wishes(1), fc.nat(), fc.nat(), fc.jsonValue(), (wish, which, where, value) => {
    const manifests = manifestsOf(wish);
    const spoilt = manifests.map((each, at) => (at === which % manifests.length ? withPart(each, where, value) : each));
    read([{ path: 'a.yaml', directory, text: spoilt.map(each => JSON.stringify(each)).join('\n---\n') }]);
  }),
);

/** The object with its part number `where`, counted from the outside inwards, replaced. */
function withPart(object: Manifest, where: number, value: unknown): unknown {
  let parts = 0;
  JSON.stringify(object, (_name, part) => {
    parts += 1;
    return part;
  });
  let at = -1;
  return JSON.parse(
    JSON.stringify(object, (_name, part) => {
      at += 1;
      return at === where % parts ? value : part;
    }) ?? 'null',
  );
}

const hostile: Readonly<Record<string, string>> = {
  'deep flow': '['.repeat(500_000),
  'deep maps': Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''),
  'aliases of aliases': Array.from(
    { length: 60 },
    (_, at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(at === 0 ? 0 : 9)}]\n`,
  ).join(''),
  'many documents': '---\n'.repeat(200_000),
  'one long line': `a: ${'x'.repeat(4 * 2 ** 20)}`,
  quotes: '"'.repeat(1_000_000),
  colons: ': '.repeat(500_000),
  anchors: Array.from({ length: 50_000 }, (_, at) => `k${at}: &a${at} x\n`).join(''),
  'long keys': `? ${'k'.repeat(1_000_000)}\n: v\n`,
  tabs: '\t'.repeat(1_000_000),
  'broken documents': '---\n{\n'.repeat(20_000),
};

for (const [name, text] of Object.entries(hostile))
  test(`manifests: ${name} are read soon and in little memory`, { timeout: 60_000 }, async t => {
    const grownMiB = await heapGrowth(async look => {
      load([{ path: 'a.yaml', directory, text }], { strict: false });
      look(false);
    });
    t.diagnostic(`${text.length} characters, ${Math.round(grownMiB)} MiB`);
    assert.ok(grownMiB < 600, `${grownMiB} MiB`);
  });
