import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { definitions } from '../../src/manifest/generated/validators.js';
import { formatProblem } from '../../src/manifest/show.ts';
import { check } from '../arbitraries/property.ts';
import { deployment, pod, read } from './read.ts';

/** Loads and prints: neither may throw, and every place must be in the file. */
function survive(text: string): void {
  const lines = text.split('\n').length;
  const { objects, problems } = read(text);
  for (const problem of problems) {
    assert.ok(problem.line >= 1 && problem.line <= lines && problem.column >= 1, JSON.stringify(problem));
    assert.ok(formatProblem(problem).startsWith('a.yaml:'));
  }
  for (const object of objects) {
    assert.ok(object.locate('/spec/containers/0/image').line <= lines);
    const refused = problems.some(problem => problem.severity === 'error' && problem.key === object.key);
    assert.equal(object.usable, !refused || object.usable, 'an object with errors is not usable');
    if (refused) assert.equal(object.usable, false);
  }
}

const words = [...new Set(Object.values(definitions).flatMap(fields => Object.keys(fields)))];
const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('a', 'Always', '1Gi', '/a', 'nginx:1'),
);
const tree = fc.letrec(tie => ({
  node: fc.oneof({ depthSize: 'medium', withCrossShrink: true }, scalar, tie('list'), tie('map')),
  list: fc.array(tie('node'), { maxLength: 3 }),
  map: fc.dictionary(fc.oneof(fc.constantFrom(...words), fc.string()), tie('node'), { maxKeys: 5 }),
})).node;

test('load() survives any text', () => {
  check(fc.property(fc.string({ unit: 'binary' }), survive), { numRuns: 500 });
});

test('load() survives any bytes', () => {
  check(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => survive(new TextDecoder().decode(bytes))),
    { numRuns: 500 },
  );
});

test('load() survives any soup of YAML', () => {
  const token = fc.constantFrom(
    'a',
    ': ',
    '- ',
    '\n',
    '  ',
    '\t',
    '{',
    '}',
    '[',
    ']',
    ',',
    '&a ',
    '*a',
    '!!int ',
    '!x ',
    '"',
    "'",
    '|',
    '>',
    '<<',
    '---\n',
    '...\n',
    '#',
    '%YAML 1.2\n',
    'kind: Pod\n',
    '\uFEFF',
    '0644',
    '? ',
  );
  check(
    fc.property(fc.array(token, { maxLength: 40 }), tokens => survive(tokens.join(''))),
    { numRuns: 2000 },
  );
});

test('load() survives any object of any kind', () => {
  const kinds = fc.constantFrom(
    ['v1', 'Pod'],
    ['apps/v1', 'Deployment'],
    ['v1', 'ConfigMap'],
    ['v1', 'Secret'],
    ['v1', 'PersistentVolumeClaim'],
    ['v1', 'List'],
  );
  check(
    fc.property(kinds, tree, tree, tree, ([apiVersion, kind], metadata, spec, rest) => {
      survive(
        stringify({ apiVersion, kind, metadata, spec, data: rest, items: rest }, { aliasDuplicateObjects: false }),
      );
    }),
    { numRuns: 500 },
  );
});

test('load() survives any field of a good object being replaced', () => {
  const base = (kind: boolean): unknown =>
    JSON.parse(JSON.stringify(read(kind ? pod(spec, container) : deployment('replicas: 2', spec)).objects[0]?.object));
  const paths = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 8 });
  check(
    fc.property(fc.boolean(), paths, scalar, (kind, path, value) => {
      const object = base(kind);
      replaceAt(object, path, value);
      survive(JSON.stringify(object, undefined, 1));
    }),
    { numRuns: 1000 },
  );
});

test('load() survives a manifest cut anywhere', () => {
  const text = `${pod(spec, container)}---\n${deployment()}`;
  for (let end = 0; end < text.length; end++) survive(text.slice(0, end));
});

const spec =
  'volumes: [{name: a, configMap: {name: b, items: [{key: c, path: d}]}}]\nsecurityContext: {sysctls: [{name: a, value: b}]}\nhostAliases: [{ip: 1.2.3.4, hostnames: [a]}]\n';
const container =
  'volumeMounts: [{name: a, mountPath: /a, subPath: b}]\nenv: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b}}}]\nports: [{containerPort: 80, name: a}]\nresources: {limits: {cpu: 1}}\n';

function replaceAt(root: unknown, path: readonly number[], value: unknown): void {
  let owner = root as Record<string, unknown>;
  for (const [i, step] of path.entries()) {
    const keys = Object.keys(owner);
    const key = keys[step % keys.length];
    if (key === undefined) return;
    const next = owner[key];
    if (i === path.length - 1 || typeof next !== 'object' || next === null) {
      owner[key] = value;
      return;
    }
    owner = next as Record<string, unknown>;
  }
}

test('load() names a compose file for what it is, and says what to do instead', () => {
  const { problems } = read('services:\n  web: {image: nginx}\nvolumes: {data: }\n');
  const [problem, ...others] = problems;
  assert.deepEqual([problem?.code, problem?.line, others], ['NOT_AN_OBJECT', 1, []]);
  assert.match(problem?.message ?? '', /it is a compose file, which Podstead does not read/);
  assert.match(problem?.hint ?? '', /kompose convert.*generate kube --container/);
  // An object may have services of its own.
  assert.match(read('kind: Web\nservices: {}\n').problems[0]?.message ?? '', /no kind "Web"/);
});
