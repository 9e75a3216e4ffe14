import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocument } from 'yaml';
import { defaultLimits, readDocuments } from '../../src/manifest/yaml.ts';

function values(text: string): unknown[] {
  return readDocuments(text, defaultLimits).map(document => document.node?.value);
}

function faults(text: string): string[] {
  return readDocuments(text, defaultLimits).flatMap(document =>
    document.faults.map(({ code, offset }) => `${code}@${offset}`),
  );
}

/** Merge keys are the only ones of these that need an option of the oracle. */
const same = [
  'a: 1\nb: [x, {c: "d"}]\n',
  'a: |\n  two\n  lines\nb: >-\n  folded\n  text\n',
  'base: &b {x: 1, v: 2}\nmore:\n  <<: *b\n  v: 3\n',
  'a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc:\n  v: 0\n  <<: [*a, *b]\n',
  '{"json": [1, 2, {"a": null}], "b": "\\u00e9"}',
  '{\n\t"tabs": [1,\n\t2]\n}',
  'a: !!str 12\nb: !!int "3"\nc: !!float 4.5\nd: ! 5\n',
  'text: "a\\tb \\\n  c"\n',
  '? complex\n: value\n',
  '',
  '# only a comment\n',
];

for (const text of same) {
  test(`readDocuments() reads ${JSON.stringify(text)} like another parser`, () => {
    const [value = null] = values(text);
    assert.deepEqual(value, parseDocument(text, { merge: true }).toJS());
    assert.deepEqual(faults(text), []);
  });
}

test('readDocuments() reads several documents, empty ones as null', () => {
  assert.deepEqual(values('---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n'), [null, { a: 1 }, null, { b: 2 }]);
});

test('readDocuments() copies what aliases stand for, so that a change shows at one place', () => {
  const [value] = values('a: &a {x: 1}\nb: *a\n') as [{ a: object; b: object }];
  assert.notEqual(value.a, value.b);
});

test('readDocuments() uses the documents around a broken one', () => {
  const text = 'a: 1\n---\nb: [1, 2\n---\nc: 3\n';
  assert.deepEqual(values(text), [{ a: 1 }, undefined, { c: 3 }]);
  assert.equal(faults(text).length, 1);
});

const wrong: readonly (readonly [string, string, string])[] = [
  ['a tab', 'a:\n\tb: 1\n', 'YAML_SYNTAX@3'],
  ['an open bracket', 'a: [1,\n', 'YAML_SYNTAX@6'],
  ['an open quote', 'a: "x\n', 'YAML_SYNTAX@5'],
  ['a duplicate key', 'a: 1\nb: 2\na: 3\n', 'YAML_DUPLICATE_KEY@10'],
  ['an unknown alias', 'a: *b\n', 'YAML_SYNTAX@3'],
  ['an alias inside of its anchor', 'a: &a [*a]\n', 'YAML_SYNTAX@7'],
  ['an unknown tag', 'a: !Ref b\n', 'YAML_SYNTAX@3'],
  ['an infinite number', 'a: .inf\n', 'YAML_SYNTAX@3'],
  ['a map as a key', '? {a: 1}\n: 2\n', 'YAML_SYNTAX@2'],
  ['a merged text', '<<: x\n', 'YAML_SYNTAX@0'],
  ['a prototype', '__proto__: {a: 1}\n', 'FIELD_UNKNOWN@0'],
  ['deep nesting', `a: ${'['.repeat(200)}`, 'YAML_TOO_COMPLEX@102'],
];

for (const [name, text, want] of wrong) {
  test(`readDocuments() finds ${name}`, () => assert.deepEqual(faults(text), [want]));
}

test('readDocuments() finds every duplicate key, not only the first', () => {
  assert.equal(faults('a: {x: 1, x: 2}\nb: {y: 1, y: 2}\n').length, 2);
});

test('readDocuments() stops an alias bomb before it expands', () => {
  const lines = Array.from(
    { length: 9 },
    (_, i) =>
      `a${i}: &a${i} [${
        i === 0
          ? '1'
          : Array(9)
              .fill(`*a${i - 1}`)
              .join(', ')
      }]`,
  );
  assert.match(faults(lines.join('\n')).join(), /^YAML_TOO_COMPLEX@\d+$/);
});

test('readDocuments() stops aliases that nest too deeply', () => {
  const lines = Array.from({ length: 60 }, (_, i) => `a${i}: &a${i} [[[${i === 0 ? '1' : `*a${i - 1}`}]]]`);
  assert.match(faults(lines.join('\n')).join(), /^YAML_TOO_COMPLEX@\d+$/);
});

test('readDocuments() limits aliases', () => {
  const text = `a: &a 1\nb: [${Array(1001).fill('*a').join(', ')}]\n`;
  assert.match(faults(text).join(), /^YAML_TOO_COMPLEX@\d+$/);
});

test('readDocuments() says that a template must be rendered', () => {
  const [fault] = readDocuments('name: {{ .Values.name }}-x\n', defaultLimits)[0]?.faults ?? [];
  assert.match(fault?.hint ?? '', /helm template/);
});
