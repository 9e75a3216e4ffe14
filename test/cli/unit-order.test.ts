import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ordered, unitOrder } from '../../src/cli/unit-order.ts';
import type { Key } from '../../src/model/key.ts';

const pod = (key: Key, after: readonly Key[] = [], declaredBy: Key = key): Ordered => ({ key, declaredBy, after });
const [db, web]: readonly Key[] = ['Pod/default/db', 'Pod/default/web'];
const api: Key = 'Deployment/default/api';

test('unitOrder() puts a pod after each pod of a Deployment, and after none that is not there', () => {
  assert.ok(db && web);
  const pods = [
    pod(web, [api, db, 'Pod/default/gone']),
    pod('Pod/default/api-1', [], api),
    pod('Pod/default/api-0', [], api),
  ];
  assert.deepEqual(unitOrder(pods).get(web), ['Pod/default/api-0', 'Pod/default/api-1']);
});

test('unitOrder() leaves out what leads back to itself, and only that', () => {
  assert.ok(db && web);
  const order = unitOrder([
    pod(db, [web]),
    pod(web, [db, 'Pod/default/a']),
    pod('Pod/default/a'),
    pod('Pod/default/b', [web]),
  ]);
  assert.deepEqual([...order.values()], [[], ['Pod/default/a'], [], [web]]);
});
