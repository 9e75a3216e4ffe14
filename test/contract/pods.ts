import assert from 'node:assert/strict';
import { test } from 'node:test';
import { container, pod } from '../e2e/desired.ts';
import type { On } from './engine.ts';
import { fails, statesOf } from './rig.ts';

const web = pod('web', { containers: [container('web', 'a'), container('web', 'b')] });
const { key } = web;

/** What becomes of pods as a whole. */
export function podContract(on: On): void {
  test('createPod() makes a sandbox that has not run, with all that its labels say; again is success', async () => {
    const create = { verb: 'createPod', pod: web, uid: 'uid-1' } as const;
    await on().twice(create);
    const seen = await on().pod(key);
    const { engineName, uid, declaredBy, digest, foreign, ports, files, record } = seen;
    assert.deepEqual(
      { engineName, uid, declaredBy, digest, foreign, ports, files: files.size, record },
      {
        engineName: 'web',
        uid: 'uid-1',
        declaredBy: key,
        digest: 'sandbox-of-web',
        foreign: [],
        ports: [],
        files: 0,
        record: undefined,
      },
    );
    assert.deepEqual([statesOf(seen), seen.infra.startedAtMs], [{ '': 'created' }, 0]);
    assert.deepEqual((await on().observe()).networks, ['test']);
    await on().drop(key);
    assert.equal((await on().observe()).pods.size, 0);
  });

  test('a pod of a Deployment outside the default namespace is known by both', async () => {
    const shop = pod('web-1', { declaredBy: 'Deployment/shop/web' }, 'shop');
    await on().do({ verb: 'createPod', pod: shop, uid: 'uid-1' });
    const { engineName, declaredBy } = await on().pod('Pod/shop/web-1');
    assert.deepEqual([engineName, declaredBy], ['shop_web-1', 'Deployment/shop/web']);
    assert.deepEqual((await on().observe()).networks, ['shop_test']);
    await on().drop(shop.key);
    await on().do({ verb: 'removeNetwork', name: 'shop_test' });
  });

  test('createPod() clears away a pod of that key that has never run, and refuses one that has', async () => {
    await on().do({ verb: 'createPod', pod: web, uid: 'uid-1' });
    await on().do({ verb: 'createContainer', pod: web, uid: 'uid-1', container: container('web', 'a') });
    await on().do({ verb: 'createPod', pod: web, uid: 'uid-2' });
    const fresh = await on().pod(key);
    assert.deepEqual([fresh.uid, fresh.containers.size], ['uid-2', 0]);
    await on().make(web, 'uid-2');
    await fails(on().do({ verb: 'createPod', pod: web, uid: 'uid-3' }), 'NAME_TAKEN');
    await on().do({ verb: 'stopPod', pod: key, id: fresh.id, graceSeconds: 0 });
    await fails(on().do({ verb: 'createPod', pod: web, uid: 'uid-3' }), 'NAME_TAKEN');
    await on().drop(key);
  });

  test('removeEmptyPod() removes a pod of ours without containers, which observe() does not see, and no other', async () => {
    const left = { owner: 'test', key, uid: 'uid-1' } as const;
    const remove = { verb: 'removeEmptyPod', pod: key, uid: 'uid-1' } as const;
    const others = [
      { ...left, owner: 'else' },
      { ...left, uid: 'uid-2' },
    ];
    for (const other of others) {
      await on().hand.emptyPod(other);
      await on().do(remove);
      await assert.rejects(on().hand.createPod('web'), 'it is still there');
      await on().hand.removePod('web');
    }
    await on().hand.emptyPod(left);
    assert.equal((await on().observe()).pods.size, 0);
    await on().twice(remove);
    await on().hand.createPod('web');
    await on().hand.removePod('web');
    await on().make(web, 'uid-1');
    await on().do(remove);
    assert.equal((await on().pod(key)).containers.size, 2);
    await on().drop(key);
  });

  test('stopPod() stops containers and sandbox, startPod() starts the sandbox and the named ones; again is success', async () => {
    await on().make(web, 'uid-1');
    const { id } = await on().pod(key);
    await on().twice({ verb: 'stopPod', pod: key, id, graceSeconds: 5 });
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'exited', a: 'exited', b: 'exited' });
    await on().twice({ verb: 'startPod', pod: key, id, containers: ['a'] });
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'running', a: 'running', b: 'exited' });
    await fails(on().do({ verb: 'startPod', pod: key, id, containers: ['none'] }), 'GONE');
    await on().drop(key);
    await fails(on().do({ verb: 'startPod', pod: key, id, containers: ['a'] }), 'GONE');
    await on().do({ verb: 'stopPod', pod: key, id, graceSeconds: 5 });
  });

  test("stopPod() takes the pod's name for its id, and leaves alone what has never run", async () => {
    await on().do({ verb: 'createPod', pod: web, uid: 'uid-1' });
    await on().do({ verb: 'createContainer', pod: web, uid: 'uid-1', container: container('web', 'a') });
    await on().do({ verb: 'stopPod', pod: key, id: 'web', graceSeconds: 1 });
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'created', a: 'created' });
    await on().make(web, 'uid-1');
    await on().do({ verb: 'stopPod', pod: key, id: 'web', graceSeconds: 1 });
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'exited', a: 'exited', b: 'exited' });
    await on().drop(key);
    await on().do({ verb: 'stopPod', pod: key, id: 'web', graceSeconds: 1 });
  });

  test('removePod() takes a pod that runs with everything in it; again is success', async () => {
    await on().make(web, 'uid-1');
    const { id } = await on().pod(key);
    await on().twice({ verb: 'removePod', pod: key, id, uid: 'uid-1', graceSeconds: 2 });
    const { pods, foreignNames } = await on().observe();
    assert.deepEqual([pods.size, foreignNames.size], [0, 0]);
  });

  test('a pod with a paused container is stopped and removed all the same', async () => {
    await on().make(web, 'uid-1');
    const { id } = await on().pod(key);
    await on().hand.pause('web-a');
    assert.equal((await on().container(key, 'a')).state, 'paused');
    await on().do({ verb: 'stopPod', pod: key, id, graceSeconds: 1 });
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'exited', a: 'exited', b: 'exited' });
    await on().make(web, 'uid-1');
    await on().hand.pause('web-a');
    await on().do({ verb: 'removePod', pod: key, id, uid: 'uid-1', graceSeconds: 1 });
    assert.equal((await on().observe()).pods.size, 0);
  });

  test('a network is made with its first pod, kept while one is on it, and made again when it was removed', async () => {
    await on().make(web, 'uid-1');
    await fails(on().do({ verb: 'removeNetwork', name: 'test' }), 'IN_USE');
    await on().drop(key);
    assert.deepEqual((await on().observe()).networks, []);
    await on().hand.removeNetwork('test');
    await on().make(web, 'uid-2');
    assert.deepEqual((await on().observe()).networks, ['test']);
    await on().drop(key);
    await on().twice({ verb: 'removeNetwork', name: 'test' });
  });

  test("a pod on the host's network is on none of ours", async () => {
    await on().make(pod('web', { sandbox: { hostNetwork: true } }), 'uid-1');
    assert.deepEqual((await on().observe()).networks, []);
    await on().drop(key);
  });

  test('perform() with an aborted signal does nothing and throws the reason', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    const opts = { signal: controller.signal, onProgress: () => undefined };
    await assert.rejects(on().engine.perform({ verb: 'createPod', pod: web, uid: 'uid-1' }, opts), /enough/);
    assert.equal((await on().observe()).pods.size, 0);
  });
}
