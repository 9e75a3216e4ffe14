import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprint } from '../../src/desired/pod.ts';
import { type ResolveMemo, resolve, resolveMemo } from '../../src/desired/resolve.ts';
import { type LoadMemo, load, loadMemo } from '../../src/manifest/load.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { BuildContext, SourceFile } from '../../src/model/source.ts';
import { check } from '../arbitraries/property.ts';

const pod = (name: string, spec: string): string =>
  `{ apiVersion: v1, kind: Pod, metadata: { name: ${name} }, spec: { ${spec} } }`;
const plain = "containers: [{ name: c, image: 'localhost/web' }]";
const taking = (what: string): string =>
  `containers: [{ name: c, image: 'localhost/web', envFrom: [{ ${what}: { name: one } }] }]`;
const mounting = `containers: [{ name: c, image: 'x', volumeMounts: [{ name: v, mountPath: /v }] }], volumes: [{ name: v, persistentVolumeClaim: { claimName: one } }]`;

/** What a file may hold: objects that need each other, stand in each other's way, or cannot be read. */
const texts: readonly string[] = [
  pod('a', plain),
  pod('a', "containers: [{ name: c, image: 'localhost/web', args: [x] }]"),
  pod('b', taking('configMapRef')),
  pod('b', taking('secretRef')),
  pod('c', mounting),
  pod('d', "containers: [{ name: c, image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] }]"),
  pod('e', "containers: [{ name: c, image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] }]"),
  pod("f, annotations: { podstead.dev/after: 'a,cc' }", plain),
  '{ apiVersion: v1, kind: ConfigMap, metadata: { name: one }, data: { K: v1 } }',
  '{ apiVersion: v1, kind: ConfigMap, metadata: { name: one }, data: { K: v2 } }',
  '{ apiVersion: v1, kind: Secret, metadata: { name: one }, stringData: { K: s1 } }',
  '{ apiVersion: v1, kind: Secret, metadata: { name: one }, stringData: { K: s2 } }',
  '{ apiVersion: v1, kind: Secret, metadata: { name: one }, stringData: { K: [] } }',
  '{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: one }, spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } } }',
  '{ apiVersion: v1, kind: Pod, metadata: { name: a',
  '',
];

interface World {
  readonly files: readonly SourceFile[];
  readonly contexts: ReadonlyMap<string, BuildContext>;
}

const worlds: fc.Arbitrary<World> = fc
  .tuple(
    fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 6 }),
    fc.constantFrom(undefined, 'digest-1', 'digest-2'),
    fc.boolean(),
  )
  .map(([contents, digest, unreadable]) => {
    const context = { directory: '/src/web', file: 'Containerfile', digest: digest ?? '' };
    return {
      files: contents.map((text, index) => ({ path: `${index}.yaml`, directory: '/src', text })),
      contexts: new Map(
        digest === undefined ? [] : [['/src/web', unreadable ? { ...context, unreadable } : context] as const],
      ),
    };
  });

interface Memos {
  readonly load: LoadMemo;
  readonly resolve: ResolveMemo;
}

function look({ files, contexts }: World, memo?: Memos): { desired: Desired; problems: readonly Problem[] } {
  const loaded = load(files, { strict: false, ...(memo && { memo: memo.load }) });
  const snapshot = { revision: 'r', files, contexts, problems: [], identity: '', busy: false };
  const opts = { owner: 'podstead', ...(memo && { memo: memo.resolve }) };
  const { desired, problems } = resolve(loaded.objects, snapshot, loaded.problems, opts);
  return { desired, problems: [...loaded.problems, ...problems] };
}

/** All of it as data: Secrets by their digests, places by asking for them. */
function shown({ desired, problems }: ReturnType<typeof look>): unknown {
  const pods = [...desired.pods.values()].map(each => [
    JSON.stringify(each),
    fingerprint(each),
    each.locate('/containers/c'),
  ]);
  const { volumes, images, declared, held, complete } = desired;
  return { pods, volumes, images, declared, held, complete, problems };
}

test('load() and resolve() with a memory find what they find without one, whatever changed in between', () => {
  check(
    fc.property(fc.array(worlds, { minLength: 2, maxLength: 6 }), sequence => {
      const memo = { load: loadMemo(), resolve: resolveMemo() };
      for (const world of sequence) assert.deepEqual(shown(look(world, memo)), shown(look(world)));
    }),
    { numRuns: 500 },
  );
});

test('load() and resolve() with a memory make nothing anew that did not change', () => {
  const memo = { load: loadMemo(), resolve: resolveMemo() };
  const file = (path: string, text: string): SourceFile => ({ path, directory: '/src', text });
  const config = (value: string): SourceFile =>
    file('c.yaml', `{ apiVersion: v1, kind: ConfigMap, metadata: { name: one }, data: { K: ${value} } }`);
  const files = [file('a.yaml', pod('a', plain)), file('b.yaml', pod('b', taking('configMapRef')))];
  const before = look({ files: [...files, config('v1')], contexts: new Map() }, memo).desired.pods;
  const after = look({ files: [...files, config('v2')], contexts: new Map() }, memo).desired.pods;
  assert.equal(after.get('Pod/default/a'), before.get('Pod/default/a'));
  assert.notEqual(after.get('Pod/default/b'), before.get('Pod/default/b'));
  assert.deepEqual(after.get('Pod/default/b')?.containers[0]?.env, [{ name: 'K', value: 'v2' }]);
});

test('load() and resolve() with a memory see what an order names come and go', () => {
  const memo = { load: loadMemo(), resolve: resolveMemo() };
  const file = (path: string, text: string): SourceFile => ({ path, directory: '/src', text });
  const f = file('f.yaml', pod("f, annotations: { podstead.dev/after: 'web' }", plain));
  const at = (...files: readonly SourceFile[]) => look({ files: [f, ...files], contexts: new Map() }, memo);
  const [web, near] = [file('a.yaml', pod('web', plain)), file('b.yaml', pod('webb', plain))];
  assert.equal(at().problems[0]?.hint, 'Declare it, or remove the name');
  assert.equal(at(near).problems[0]?.hint, 'Did you mean "webb"?');
  const there = at(web);
  assert.deepEqual([there.problems, there.desired.pods.get('Pod/default/f')?.after], [[], ['Pod/default/web']]);
  assert.equal(at(web).desired.pods.get('Pod/default/f'), there.desired.pods.get('Pod/default/f'));
  assert.equal(at().desired.pods.get('Pod/default/f')?.after, undefined);
});
