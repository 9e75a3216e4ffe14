import assert from 'node:assert/strict';
import { test } from 'node:test';
import { container, pod } from '../e2e/desired.ts';
import type { On } from './engine.ts';
import { fails, statesOf } from './rig.ts';

const [a, b] = [container('web', 'a'), container('web', 'b')];
const web = pod('web', { containers: [a, b] });
const { key } = web;
const uid = 'uid-1';

/** What becomes of containers in their pods. */
export function containerContract(on: On): void {
  test('createContainer() makes one that has never run; again is success', async () => {
    await on().do({ verb: 'createPod', pod: web, uid });
    await on().twice({ verb: 'createContainer', pod: web, uid, container: a });
    const { name, engineName, digest, state, startedAtMs, imageId, inspected } = await on().container(key, 'a');
    assert.deepEqual(
      { name, engineName, digest, state, startedAtMs, inspected },
      {
        name: 'a',
        engineName: 'web-a',
        digest: 'digest-of-a',
        state: 'created',
        startedAtMs: 0,
        inspected: undefined,
      },
    );
    assert.equal(imageId, (await on().observe()).images.get('localhost/bb:1')?.id);
    await on().drop(key);
  });

  test('createContainer() of another digest finds its name taken until the earlier one is removed', async () => {
    await on().make(web, uid);
    const next = { ...a, digest: 'next' };
    const create = { verb: 'createContainer', pod: web, uid, container: next } as const;
    assert.equal((await fails(on().do(create), 'NAME_TAKEN')).transient, true);
    const before = await on().pod(key);
    const id = before.containers.get('a')?.id ?? '';
    await on().twice({ verb: 'removeContainer', pod: key, name: 'a', id });
    assert.deepEqual([...(await on().pod(key)).containers.keys()], ['b']);
    await on().do(create);
    await on().do({ verb: 'startContainer', pod: web, uid, container: next });
    const seen = await on().pod(key);
    assert.deepEqual([seen.containers.get('a')?.digest, seen.containers.get('a')?.state], ['next', 'running']);
    assert.deepEqual([seen.infra, seen.containers.get('b')], [before.infra, before.containers.get('b')]);
    await on().drop(key);
  });

  test('startContainer() and startPod() have a paused container and its paused sandbox go on, as the same process', async () => {
    await on().make(web, uid);
    const { id } = await on().pod(key);
    const before = statesOf(await on().pod(key));
    const startedAt = (await on().container(key, 'a')).startedAtMs;
    for (const start of [
      { verb: 'startContainer', pod: web, uid, container: a },
      { verb: 'startPod', pod: key, id, containers: ['a'] },
    ] as const) {
      await on().hand.pause('web-a');
      assert.equal((await on().container(key, 'a')).state, 'paused');
      await on().twice(start);
      assert.deepEqual(statesOf(await on().pod(key)), before);
    }
    assert.equal((await on().container(key, 'a')).startedAtMs, startedAt);
    await on().drop(key);
  });

  test('createContainer() never pulls: a missing image is IMAGE_NOT_FOUND', async () => {
    await on().do({ verb: 'createPod', pod: web, uid });
    const missing = container('web', 'a', { image: 'localhost/none:1' });
    await fails(on().do({ verb: 'createContainer', pod: web, uid, container: missing }), 'IMAGE_NOT_FOUND');
    assert.equal((await on().pod(key)).containers.size, 0);
    await on().drop(key);
  });

  test('createContainer() and startContainer() of what is gone are GONE', async () => {
    await fails(on().do({ verb: 'createContainer', pod: web, uid, container: a }), 'GONE');
    await fails(on().do({ verb: 'startContainer', pod: web, uid, container: a }), 'GONE');
    await on().do({ verb: 'createPod', pod: web, uid });
    await fails(on().do({ verb: 'startContainer', pod: web, uid, container: a }), 'GONE');
    await on().do({ verb: 'createContainer', pod: web, uid, container: a });
    await fails(on().do({ verb: 'startContainer', pod: web, uid: 'uid-2', container: a }), 'GONE');
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'created', a: 'created' });
    await on().drop(key);
  });

  test('startContainer() starts the sandbox before it and no other container; again changes nothing', async () => {
    await on().do({ verb: 'createPod', pod: web, uid });
    for (const each of [a, b]) await on().do({ verb: 'createContainer', pod: web, uid, container: each });
    await on().do({ verb: 'startContainer', pod: web, uid, container: a });
    const seen = await on().pod(key);
    assert.deepEqual(statesOf(seen), { '': 'running', a: 'running', b: 'created' });
    const startedAtMs = seen.containers.get('a')?.startedAtMs ?? 0;
    assert.ok(seen.infra.startedAtMs > 0 && startedAtMs >= seen.infra.startedAtMs && startedAtMs % 1000 === 0);
    await on().do({ verb: 'startContainer', pod: web, uid, container: a });
    assert.deepEqual(await on().pod(key), seen);
    await on().drop(key);
  });

  test('stopContainer() ends one by its stop signal, with the times of it; again or gone is success', async () => {
    await on().make(web, uid);
    const { id } = await on().container(key, 'a');
    await on().twice({ verb: 'stopContainer', pod: key, name: 'a', id, graceSeconds: 20 });
    const { state, exitCode, startedAtMs, exitedAtMs } = await on().container(key, 'a');
    assert.deepEqual([state, exitCode], ['exited', 0]);
    assert.ok(startedAtMs > 0 && exitedAtMs >= startedAtMs && exitedAtMs % 1000 === 0);
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'running', a: 'exited', b: 'running' });
    await on().drop(key);
    await on().do({ verb: 'stopContainer', pod: key, name: 'a', id, graceSeconds: 20 });
  });

  test('stopContainer() kills what does not stop within its grace: exit code 137', async () => {
    const stubborn = pod('web', { containers: [on().stubborn(container('web', 'mule'))] });
    await on().make(stubborn, uid);
    const { id } = await on().container(key, 'mule');
    await on().do({ verb: 'stopContainer', pod: key, name: 'mule', id, graceSeconds: 1 });
    const { state, exitCode } = await on().container(key, 'mule');
    assert.deepEqual([state, exitCode], ['exited', 137]);
    await on().drop(key);
  });

  test('stopContainer() leaves alone what has never run', async () => {
    await on().do({ verb: 'createPod', pod: web, uid });
    await on().do({ verb: 'createContainer', pod: web, uid, container: a });
    const { id } = await on().container(key, 'a');
    await on().do({ verb: 'stopContainer', pod: key, name: 'a', id, graceSeconds: 1 });
    const { startedAtMs } = await on().container(key, 'a');
    assert.equal(startedAtMs, 0, 'it counts as never started');
    await on().do({ verb: 'startContainer', pod: web, uid, container: a });
    assert.equal((await on().container(key, 'a')).state, 'running');
    await on().drop(key);
  });

  test('a container that ends by itself is exited with its code, and startContainer() starts it again', async () => {
    const ending = on().ending(container('web', 'brief'), 3);
    await on().make(pod('web', { containers: [ending, b] }), uid);
    const ended = await until(
      () => on().container(key, 'brief'),
      ({ state }) => state === 'exited',
    );
    assert.equal(ended.exitCode, 3);
    assert.ok(ended.exitedAtMs >= ended.startedAtMs && ended.startedAtMs > 0);
    await on().do({ verb: 'startContainer', pod: web, uid, container: ending });
    const again = await until(
      () => on().container(key, 'brief'),
      ({ state }) => state === 'exited',
    );
    assert.equal(again.id, ended.id);
    assert.ok(again.startedAtMs >= ended.exitedAtMs);
    await on().drop(key);
  });

  test('a container that was killed is exited with 137 while its pod runs on', async () => {
    await on().make(web, uid);
    await on().hand.kill('web-a');
    const { exitCode } = await until(
      () => on().container(key, 'a'),
      ({ state }) => state === 'exited',
    );
    assert.equal(exitCode, 137);
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'running', a: 'exited', b: 'running' });
    await on().drop(key);
  });

  test('removeContainer() takes one that runs', async () => {
    await on().make(web, uid);
    const { id } = await on().container(key, 'a');
    await on().do({ verb: 'removeContainer', pod: key, name: 'a', id });
    assert.deepEqual(statesOf(await on().pod(key)), { '': 'running', b: 'running' });
    await on().drop(key);
  });

  test('updateContainer() sets limits that last, where the engine keeps them', async t => {
    if (!on().engine.keepsLimits) return t.skip('this engine does not');
    const before = { ...a.resources, memoryLimitBytes: 64 * 2 ** 20 };
    await on().make(pod('web', { containers: [container('web', 'a', { resources: before })] }), uid);
    const { id } = await on().container(key, 'a');
    const resources = { ...before, cpuLimitMilli: 1500, memoryLimitBytes: 96 * 2 ** 20 };
    await on().do({ verb: 'updateContainer', pod: key, name: 'a', id, resources });
    const seen = await on().engine.inspect(id, { signal: new AbortController().signal });
    assert.deepEqual([seen?.cpuLimitMilli, seen?.memoryLimitBytes], [1500, 96 * 2 ** 20]);
    assert.equal((await on().container(key, 'a')).state, 'running');
    await on().drop(key);
  });

  test('inspect() tells environment and limits, and undefined of what is gone', async () => {
    const env = [{ name: 'MODE', value: 'b=c' }];
    const resources = { ...a.resources, cpuLimitMilli: 500, memoryLimitBytes: 64 * 2 ** 20 };
    await on().make(pod('web', { containers: [container('web', 'a', { env, resources }), b] }), uid);
    const { signal } = new AbortController();
    const inspect = async (name: string) => on().engine.inspect((await on().container(key, name)).id, { signal });
    const seen = await inspect('a');
    assert.deepEqual(
      [seen?.env.reveal().MODE, seen?.cpuLimitMilli, seen?.memoryLimitBytes],
      ['b=c', 500, 64 * 2 ** 20],
    );
    const plain = await inspect('b');
    assert.deepEqual([plain?.cpuLimitMilli, plain?.memoryLimitBytes], [undefined, undefined]);
    const { id } = await on().container(key, 'a');
    await on().drop(key);
    assert.equal(await on().engine.inspect(id, { signal }), undefined);
  });
}

/** Looks until something holds; fails after a time that nothing healthy takes. */
async function until<T>(look: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const value = await look();
    if (holds(value)) return value;
    await new Promise(resolve => setTimeout(resolve, 25));
  }
  return assert.fail('it did not come true');
}
