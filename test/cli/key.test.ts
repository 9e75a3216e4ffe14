import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchKeys, parseKey, pickAll, pickOne } from '../../src/cli/key.ts';

const pods = [
  { key: 'Pod/default/web', declaredBy: 'Pod/default/web' },
  { key: 'Pod/shop/web', declaredBy: 'Pod/shop/web' },
  { key: 'Pod/default/api-1a-0', declaredBy: 'Deployment/default/api' },
  { key: 'Pod/default/api-1a-1', declaredBy: 'Deployment/default/api' },
] as const;

const cases: readonly (readonly [string, string | undefined, readonly string[]])[] = [
  ['Pod/default/web', undefined, ['Pod/default/web']],
  ['pod/web', 'default', ['Pod/default/web']],
  ['po/web', undefined, ['Pod/default/web', 'Pod/shop/web']],
  ['shop/web', undefined, ['Pod/shop/web']],
  ['web', 'shop', ['Pod/shop/web']],
  ['api', undefined, ['Pod/default/api-1a-0', 'Pod/default/api-1a-1']],
  ['Deployment/api', undefined, ['Pod/default/api-1a-0', 'Pod/default/api-1a-1']],
  ['deploy/default/api', undefined, ['Pod/default/api-1a-0', 'Pod/default/api-1a-1']],
  ['deploy/web', undefined, []],
  ['pod/api-1a-1', undefined, ['Pod/default/api-1a-1']],
  ['nothing', undefined, []],
];

for (const [text, namespace, want] of cases) {
  test(`matchKeys() finds ${want.length} pods for "${text}"${namespace ? ` in ${namespace}` : ''}`, () => {
    const found = matchKeys(parseKey(text, namespace), pods);
    assert.deepEqual(
      found.map(pod => pod.key),
      want,
    );
  });
}

for (const text of ['', '/', 'a/b/c/d', 'widget/a/b', 'pod/']) {
  test(`parseKey() refuses "${text}"`, () => {
    assert.throws(() => parseKey(text), /Cannot read/);
  });
}

test('pickOne() takes the first pod of a Deployment, and refuses pods that do not belong together', () => {
  assert.equal(pickOne('api', pods).key, 'Pod/default/api-1a-0');
  assert.throws(() => pickOne('web', pods), /Cannot tell which "web" is meant/);
});

test('pickAll() names what there is when nothing matches', () => {
  assert.throws(() => pickAll('wbe', pods), { hint: /Name one of: Pod\/default\/web, / });
});
