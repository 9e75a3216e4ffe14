import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldName, partsOf, pointer } from '../../src/manifest/place.ts';
import { check } from '../arbitraries/property.ts';
import { read, readOne } from './read.ts';

const text = `# comment
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: {"example.com/a": "1"}
spec:
  containers:
  - name: main
    image: &i example.com/web:1
    args:
    - |
      block
    - 'quoted'
    - *i
`;

const cases: readonly (readonly [string, number, number])[] = [
  ['', 2, 1],
  ['/metadata', 4, 1],
  ['/metadata/name', 5, 3],
  ['/metadata/annotations/example.com~1a', 6, 17],
  ['/spec/containers/0', 9, 5],
  ['/spec/containers/0/image', 10, 5],
  ['/spec/containers/0/args/0', 13, 1],
  ['/spec/containers/0/args/1', 14, 7],
  ['/spec/containers/0/args/2', 15, 7],
  ['/spec/restartPolicy', 7, 1],
  ['/spec/containers/0/imagePullPolicy', 9, 5],
];

for (const [at, line, column] of cases) {
  test(`locate() finds ${at === '' ? 'the object' : at}`, () => {
    assert.deepEqual(readOne(text).locate(at), { file: 'a.yaml', line, column });
  });
}

test('locate() finds fields in later documents, lists and files with CRLF', () => {
  const item = '{apiVersion: v1, kind: ConfigMap, metadata: {name: NAME}}';
  const list = `apiVersion: v1\r\nkind: List\r\nitems:\r\n- ${item.replace('NAME', 'a')}\r\n- ${item.replace('NAME', 'b')}\r\n`;
  const { objects } = read(`x: [\n---\n${list}`);
  assert.deepEqual(
    objects.map(object => object.locate('/metadata/name')),
    [
      { file: 'a.yaml', line: 6, column: 48 },
      { file: 'a.yaml', line: 7, column: 48 },
    ],
  );
});

test('partsOf() undoes pointer() for any keys', () => {
  check(fc.property(fc.array(fc.string()), parts => assert.deepEqual(partsOf(pointer('', ...parts)), parts)));
});

test('fieldName() writes a pointer as people do', () => {
  assert.equal(fieldName('/spec/containers/0/image'), 'spec.containers[0].image');
  assert.equal(fieldName('/metadata/labels/a.b~1c'), 'metadata.labels["a.b/c"]');
  assert.equal(fieldName(''), '');
});
