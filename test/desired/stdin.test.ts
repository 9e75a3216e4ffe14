import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf } from '../plan/scenario.ts';

const problemsOf = (fields: string): readonly string[] => {
  const yaml = `
apiVersion: v1
kind: Pod
metadata: { name: a }
spec:
  containers:
    - name: main
      image: app:1
      ${fields}
`;
  return desiredOf(yaml).problems.map(
    ({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`,
  );
};

const cases: readonly (readonly [string, string | undefined])[] = [
  ['tty: true', undefined],
  ['stdinOnce: true', undefined],
  ['{ stdin: true, stdinOnce: true }', undefined],
  ['{ stdin: true, tty: true }', undefined],
  [
    '{ stdin: true }',
    "warning 9:7 Cannot keep the input of container 'main' open: without a tty, Podman ends it with the first client that attaches",
  ],
  [
    '{ stdin: true, tty: true, stdinOnce: true }',
    "warning 9:7 Ignoring 'stdinOnce' of container 'main': with a tty, Podman keeps its input open for who attaches later",
  ],
];
for (const [fields, warning] of cases) {
  test(`resolve() of a container with ${fields} ${warning === undefined ? 'says nothing' : 'warns'}`, () => {
    const lines = fields
      .replace(/[{}]/g, '')
      .split(',')
      .map(each => each.trim());
    const found = problemsOf(lines.toReversed().join('\n      '));
    assert.deepEqual(found, warning === undefined ? [] : [warning]);
  });
}
