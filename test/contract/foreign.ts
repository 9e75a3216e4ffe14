import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '../e2e/desired.ts';
import type { On } from './engine.ts';
import { fails, statesOf } from './rig.ts';

const web = pod('web');
const { key } = web;

/** What is not ours stays as it is, and is seen. */
export function foreignContract(on: On): void {
  test("createPod() finds its name taken by another's pod or container, which observe() names", async () => {
    const create = { verb: 'createPod', pod: web, uid: 'uid-1' } as const;
    for (const owner of [undefined, 'else']) {
      await on().hand.createPod('web', owner);
      await fails(on().do(create), 'NAME_TAKEN');
      const { pods, foreignNames } = await on().observe();
      assert.equal(pods.size, 0);
      assert.match(foreignNames.get('web') ?? '', /^pod /);
      await on().hand.removePod('web');
    }
    await on().hand.run('web');
    if (on().namesShared) await fails(on().do(create), 'NAME_TAKEN');
    assert.match((await on().observe()).foreignNames.get('web') ?? '', /^container /);
    await on().hand.removeContainer('web');
  });

  test("createContainer() finds its name taken by another's container, and startContainer() leaves that alone", async () => {
    const [main] = web.containers;
    assert.ok(main);
    await on().hand.run('web-main');
    await on().do({ verb: 'createPod', pod: web, uid: 'uid-1' });
    const create = { verb: 'createContainer', pod: web, uid: 'uid-1', container: main } as const;
    assert.equal((await fails(on().do(create), 'NAME_TAKEN')).transient, false);
    await fails(on().do({ ...create, verb: 'startContainer' }), 'GONE');
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'created' });
    await on().hand.removeContainer('web-main');
    await on().drop(key);
  });

  test('createContainer() joins the pod that it was told of, and no other that has its name now', async () => {
    const [main] = web.containers;
    assert.ok(main);
    await on().do({ verb: 'createPod', pod: web, uid: 'uid-1' });
    await on().hand.removePod('web');
    await on().hand.createPod('web');
    await fails(on().do({ verb: 'createContainer', pod: web, uid: 'uid-1', container: main }), 'GONE');
    assert.equal((await on().observe()).foreignNames.has('web-main'), false);
    await on().hand.removePod('web');
  });

  test('a pod that holds a container of somebody else shows it, and is neither stopped nor removed', async () => {
    await on().make(web, 'uid-1');
    const { id } = await on().pod(key);
    await on().hand.run('guest', { pod: 'web' });
    assert.deepEqual((await on().pod(key)).foreign, ['guest']);
    assert.match((await on().observe()).foreignNames.get('guest') ?? '', /^container /);
    const remove = { verb: 'removePod', pod: key, id, uid: 'uid-1', graceSeconds: 1 } as const;
    for (const action of [remove, { verb: 'stopPod', pod: key, id, graceSeconds: 1 } as const])
      assert.match((await fails(on().do(action), 'REFUSED')).message, /"guest"/);
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'running', main: 'running' });
    await on().hand.removeContainer('guest');
    await on().drop(key);
  });

  test('labels that came with a committed image make nothing ours, outside our pods and in them', async () => {
    await on().make(web, 'uid-1');
    const { id } = await on().pod(key);
    await on().hand.run('copy', { copyOf: 'web-main' });
    await on().hand.run('copy-in-pod', { copyOf: 'web-main', pod: 'web' });
    const seen = await on().observe();
    assert.deepEqual([...seen.pods.keys()], [key]);
    assert.deepEqual([...seen.foreignNames.keys()].sort(), ['copy', 'copy-in-pod']);
    assert.deepEqual((await on().pod(key)).foreign, ['copy-in-pod']);
    await fails(on().do({ verb: 'stopPod', pod: key, id, graceSeconds: 1 }), 'REFUSED');
    await fails(on().do({ verb: 'removePod', pod: key, id, uid: 'uid-1', graceSeconds: 1 }), 'REFUSED');
    await on().hand.removeContainer('web-main');
    assert.equal((await on().pod(key)).containers.size, 0);
    for (const name of ['copy', 'copy-in-pod']) await on().hand.removeContainer(name);
    await on().drop(key);
  });

  test('a container of ours that was renamed stays ours, and renameContainer() gives it its name back', async () => {
    await on().make(web, 'uid-1');
    const { id } = await on().container(key, 'main');
    await on().hand.rename('web-main', 'other');
    await on().hand.run('copy-in-pod', { copyOf: 'other', pod: 'web' });
    const renamed = await on().pod(key);
    assert.deepEqual([renamed.containers.get('main')?.engineName, renamed.foreign], ['other', ['copy-in-pod']]);
    const rename = { verb: 'renameContainer', pod: key, name: 'main', id, engineName: 'web-main' } as const;
    await on().hand.run('web-main');
    await fails(on().do(rename), 'NAME_TAKEN');
    await on().hand.removeContainer('web-main');
    await on().twice(rename);
    const { engineName, state } = await on().container(key, 'main');
    assert.deepEqual([engineName, state], ['web-main', 'running']);
    await on().hand.removeContainer('copy-in-pod');
    await on().hand.rename('web-main', 'other');
    await on().drop(key);
    await fails(on().do(rename), 'GONE');
  });

  test("removeNetwork() of another's network is REFUSED", async () => {
    await on().hand.createNetwork('theirs');
    await fails(on().do({ verb: 'removeNetwork', name: 'theirs' }), 'REFUSED');
    await on().hand.removeNetwork('theirs');
  });
}
