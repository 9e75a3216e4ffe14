import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key } from '../../src/model/key.ts';
import { desiredOf } from '../plan/scenario.ts';

const pod = (name: string, after?: string, namespace = 'default'): string => `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: ${namespace}
${after === undefined ? '' : `  annotations:\n    podstead.dev/after: ${JSON.stringify(after)}\n`}
spec: { containers: [{ name: main, image: app:1 }] }`;
const deployment = (name: string, after?: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata:
      labels: { app: ${name} }
${after === undefined ? '' : `      annotations: { podstead.dev/after: ${JSON.stringify(after)} }`}
    spec: { containers: [{ name: main, image: app:1 }] }`;

function look(...documents: readonly string[]) {
  const { desired, problems } = desiredOf(documents.join('\n---'));
  const afterOf = (key: Key): readonly Key[] | undefined => desired.pods.get(key)?.after;
  return {
    desired,
    afterOf,
    problems: problems.map(({ code, severity, line }) => `${severity} ${code} ${line}`),
    all: problems,
  };
}

test('podstead.dev/after names Pods and Deployments, by name, kind or key', () => {
  const names = 'db,Deployment/queue, Pod/shop/cache , queue,db';
  const { afterOf, problems } = look(
    pod('web', names),
    pod('db'),
    deployment('queue'),
    pod('cache', undefined, 'shop'),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(afterOf('Pod/default/web'), ['Deployment/default/queue', 'Pod/default/db', 'Pod/shop/cache']);
  assert.equal(afterOf('Pod/default/db'), undefined);
});

test('podstead.dev/after: a bare name is that of a Pod in its own namespace before that of a Deployment', () => {
  const { afterOf } = look(
    pod('web', 'db'),
    deployment('db'),
    pod('db'),
    pod('a', 'db', 'shop'),
    pod('db', undefined, 'shop'),
  );
  assert.deepEqual(afterOf('Pod/default/web'), ['Pod/default/db']);
  assert.deepEqual(afterOf('Pod/shop/a'), ['Pod/shop/db']);
});

test('podstead.dev/after stands in a template too, in no digest, and leads to its line', () => {
  const { desired } = look(deployment('web', 'db'), pod('db'));
  const plain = look(deployment('web'), pod('db'));
  assert.deepEqual([...desired.pods.keys()], [...plain.desired.pods.keys()]);
  const [web] = [...desired.pods.values()].filter(({ declaredBy }) => declaredBy === 'Deployment/default/web');
  assert.deepEqual(web?.after, ['Pod/default/db']);
  assert.equal(web?.locate('/inPlace/after').line, 10);
  const bare = [...plain.desired.pods.values()].find(({ key }) => key === web?.key);
  assert.equal(bare?.sandbox.digest, web?.sandbox.digest);
  assert.equal(bare?.containers[0]?.digest, web?.containers[0]?.digest);
});

test('podstead.dev/after warns of what the source does not have, and says what may be meant', () => {
  const { afterOf, problems, all } = look(pod('web', 'postgers,db'), pod('db'), deployment('postgres'));
  assert.deepEqual(problems, ['warning REFERENCE_UNSUPPORTED 8']);
  assert.match(all[0]?.message ?? '', /no Pod or Deployment 'postgers'/);
  assert.equal(all[0]?.hint, 'Did you mean "postgres"?');
  assert.deepEqual(afterOf('Pod/default/web'), ['Pod/default/db']);
});

test('podstead.dev/after refuses what is no name or of another kind, and warns where nobody reads it', () => {
  for (const wrong of ['', 'a,,b', 'a/b/c/d', 'Pods/db', 'Service/db', 'Db_1', 'Pod/x_y/db'])
    assert.deepEqual(look(pod('web', wrong), pod('db'), pod('a'), pod('b')).problems, ['error FIELD_VALUE 8'], wrong);
  assert.equal(look(pod('web', 'Pods/db')).all[0]?.hint, 'Did you mean "Pod"?');
  const annotated = (more: string): string =>
    `\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, annotations: { ${more} } }`;
  assert.deepEqual(look(annotated('podstead.dev/after: db')).problems, ['warning FIELD_UNSUPPORTED 4']);
  const slip = look(annotated('podstead.dev/afer: db'));
  assert.deepEqual(
    [slip.problems, slip.all[0]?.hint],
    [['warning FIELD_UNKNOWN 4'], 'Did you mean "podstead.dev/after"?'],
  );
});

test('podstead.dev/after refuses all of a circle, names it, and lets the rest be', () => {
  const { desired, all } = look(
    pod('a', 'b'),
    pod('b', 'c'),
    deployment('c', 'a'),
    pod('d', 'a'),
    pod('e', 'e'),
    pod('f'),
  );
  assert.deepEqual(
    all.map(({ code, key }) => `${code} ${key}`),
    ['Pod/default/a', 'Pod/default/b', 'Deployment/default/c', 'Pod/default/e'].map(key => `ORDER_CYCLE ${key}`),
  );
  assert.match(
    all[0]?.message ?? '',
    /'Pod\/default\/a' after 'Pod\/default\/b' after 'Deployment\/default\/c' after 'Pod\/default\/a'$/,
  );
  assert.deepEqual([...desired.pods.keys()], ['Pod/default/d', 'Pod/default/f']);
  assert.deepEqual([...desired.held.keys()].length, 4);
});
