import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../../src/engine/engine.ts';
import { labels } from '../../src/model/labels.ts';
import { connectPodman } from '../../src/podman/engine.ts';
import { type Bench, bench, cleanups, fails, outcome } from './bench.ts';
import { container, creation, pod } from './desired.ts';

const later = cleanups();
let on: Bench;
before(async () => {
  on = await bench(later);
});
after(() => later.run());

test('connectPodman() says what it reached, and that nothing answers', async () => {
  assert.match(on.engine.name, /^podman \d+\.\d+.* at unix:\/\//);
  const dead = connectPodman({ socket: '/nonexistent.sock', owner: 'test', stateDir: on.stateDir, signal: on.signal });
  await assert.rejects(
    dead,
    (error: unknown) => error instanceof EngineError && error.code === 'ENGINE_UNREACHABLE' && error.transient,
  );
});

test('a pod is made, started and removed, and doing each twice is success', async () => {
  const web = pod('web', { containers: [container('web', 'a'), container('web', 'b')] });
  for (const action of creation(web, 'uid-web')) {
    await on.do(action);
    await on.do(action);
  }
  const seen = await on.pod('Pod/default/web');
  assert.equal(seen.engineName, 'web');
  assert.equal(seen.uid, 'uid-web');
  assert.equal(seen.digest, 'sandbox-of-web');
  assert.equal(seen.declaredBy, 'Pod/default/web');
  assert.equal(seen.infra.state, 'running');
  assert.deepEqual(
    [...seen.containers.values()].map(({ name, state, digest }) => [name, state, digest]),
    [
      ['a', 'running', 'digest-of-a'],
      ['b', 'running', 'digest-of-b'],
    ],
  );
  assert.deepEqual((await on.observe()).networks, ['test']);
  for (let i = 0; i < 2; i++)
    await on.do({ verb: 'removePod', pod: web.key, id: seen.id, uid: 'uid-web', graceSeconds: 2 });
  assert.equal((await on.observe()).pods.size, 0);
  await on.do({ verb: 'removeNetwork', name: 'test' });
  await on.do({ verb: 'removeNetwork', name: 'test' });
});

test('a pod of a Deployment in a namespace is known by both', async () => {
  const shop = pod('web-1', { declaredBy: 'Deployment/shop/web' }, 'shop');
  await on.make(shop, 'uid-shop');
  const seen = await on.pod('Pod/shop/web-1');
  assert.equal(seen.engineName, 'shop_web-1');
  assert.equal(seen.declaredBy, 'Deployment/shop/web');
  assert.match((await on.exec('shop_web-1-main', 'hostname')).trim(), /^web-1$/);
  await on.drop(shop.key);
});

test('a container is replaced while the rest of its pod runs on', async () => {
  const web = pod('web', { containers: [container('web', 'a'), container('web', 'b')] });
  await on.make(web, 'uid-1');
  const first = await on.pod(web.key);
  const id = first.containers.get('a')?.id ?? '';
  for (let i = 0; i < 2; i++) await on.do({ verb: 'removeContainer', pod: web.key, name: 'a', id });
  assert.deepEqual([...(await on.pod(web.key)).containers.keys()], ['b']);
  const next = { ...container('web', 'a'), digest: 'next' };
  await on.do({ verb: 'createContainer', pod: web, uid: 'uid-1', container: next });
  assert.equal((await on.pod(web.key)).containers.get('a')?.state, 'created');
  await on.do({ verb: 'startContainer', pod: web, uid: 'uid-1', container: next });
  const seen = await on.pod(web.key);
  assert.equal(seen.containers.get('a')?.digest, 'next');
  assert.deepEqual(seen.infra, first.infra);
  assert.deepEqual(seen.containers.get('b'), first.containers.get('b'));
  await fails(
    on.do({ verb: 'createContainer', pod: web, uid: 'uid-1', container: container('web', 'a') }),
    'NAME_TAKEN',
    /earlier container/,
  );
  await on.drop(web.key);
});

test('stopContainer() stops by the stop signal, and again or gone is done', async () => {
  const web = pod('web');
  await on.make(web, 'uid-1');
  const id = (await on.pod(web.key)).containers.get('main')?.id ?? '';
  for (let i = 0; i < 2; i++) await on.do({ verb: 'stopContainer', pod: web.key, name: 'main', id, graceSeconds: 20 });
  const seen = (await on.pod(web.key)).containers.get('main');
  assert.equal(seen?.state, 'exited');
  assert.equal(seen.exitCode, 0);
  assert.ok(seen.exitedAtMs >= seen.startedAtMs && seen.startedAtMs > 0);
  await on.drop(web.key);
  await on.do({ verb: 'stopContainer', pod: web.key, name: 'main', id, graceSeconds: 20 });
});

test('stopPod() and startPod() take a pod down and up again, sandbox included', async () => {
  const web = pod('web', { containers: [container('web', 'a'), container('web', 'b')] });
  await on.make(web, 'uid-1');
  const { id } = await on.pod(web.key);
  for (let i = 0; i < 2; i++) await on.do({ verb: 'stopPod', pod: web.key, id, graceSeconds: 5 });
  const down = await on.pod(web.key);
  assert.equal(down.infra.state, 'exited');
  assert.deepEqual(
    [...down.containers.values()].map(({ state }) => state),
    ['exited', 'exited'],
  );
  for (let i = 0; i < 2; i++) await on.do({ verb: 'startPod', pod: web.key, id, containers: ['a'] });
  const up = await on.pod(web.key);
  assert.equal(up.infra.state, 'running');
  assert.deepEqual(
    [...up.containers.values()].map(({ state }) => state),
    ['running', 'exited'],
  );
  await fails(on.do({ verb: 'startPod', pod: web.key, id, containers: ['none'] }), 'GONE', /"none"/);
  await on.drop(web.key);
  await fails(on.do({ verb: 'startPod', pod: web.key, id, containers: ['a'] }), 'GONE', /not there/);
  await on.do({ verb: 'stopPod', pod: web.key, id, graceSeconds: 5 });
});

test('what somebody else put into a pod keeps it from being removed or stopped', async () => {
  const web = pod('web');
  await on.make(web, 'uid-1');
  const { id } = await on.pod(web.key);
  await on.podman('run', '-d', '--pod', 'web', '--name', 'guest', 'localhost/bb:1');
  assert.deepEqual((await on.pod(web.key)).foreign, ['guest']);
  assert.match((await on.observe()).foreignNames.get('guest') ?? '', /^container /);
  await fails(on.do({ verb: 'removePod', pod: web.key, id, uid: 'uid-1', graceSeconds: 1 }), 'REFUSED', /"guest"/);
  await fails(on.do({ verb: 'stopPod', pod: web.key, id, graceSeconds: 1 }), 'REFUSED', /"guest"/);
  await on.podman('rm', '-f', '-t', '0', 'guest');
  await on.drop(web.key);
});

test('observe() takes labels that came with a committed image for nothing', async () => {
  const web = pod('web');
  await on.make(web, 'uid-1');
  await on.podman('commit', '-q', 'web-main', 'localhost/copy:1');
  await on.podman('run', '-d', '--name', 'copy', 'localhost/copy:1');
  await on.podman('run', '-d', '--pod', 'web', '--name', 'copy-in-pod', 'localhost/copy:1');
  const seen = await on.observe();
  assert.deepEqual([...seen.pods.keys()], [web.key]);
  assert.deepEqual((await on.pod(web.key)).foreign, ['copy-in-pod']);
  assert.deepEqual([...seen.foreignNames.keys()].sort(), ['copy', 'copy-in-pod']);
  await on.podman('rm', '-f', '-t', '0', 'web-main');
  assert.equal((await on.pod(web.key)).containers.size, 0);
  await on.podman('rm', '-f', '-t', '0', 'copy', 'copy-in-pod');
  await on.drop(web.key);
});

test('createPod() says who has the name, and clears away only what a crash left of ours', async () => {
  const web = pod('web');
  const create = { verb: 'createPod', pod: web, uid: 'uid-2' } as const;
  await on.podman('pod', 'create', '--name', 'web');
  await fails(on.do(create), 'NAME_TAKEN', /not ours/);
  await on.podman('pod', 'rm', 'web');
  await on.podman('pod', 'create', '--name', 'web', '--label', `${labels.owner}=else`);
  await fails(on.do(create), 'NAME_TAKEN', /owner "else"/);
  await on.podman('pod', 'rm', 'web');
  await on.podman('create', '--name', 'web', 'localhost/bb:1');
  await fails(on.do(create), 'NAME_TAKEN', /a container/);
  assert.match((await on.observe()).foreignNames.get('web') ?? '', /^container /);
  await on.podman('rm', 'web');

  await on.do({ verb: 'createPod', pod: web, uid: 'uid-1' });
  await on.do({ verb: 'createContainer', pod: web, uid: 'uid-1', container: container('web', 'main') });
  await on.do(create);
  assert.equal((await on.pod(web.key)).uid, 'uid-2');
  assert.equal((await on.pod(web.key)).containers.size, 0);
  await on.make(web, 'uid-2');
  await fails(on.do({ ...create, uid: 'uid-3' }), 'NAME_TAKEN', /has run/);
  await on.drop(web.key);
});

test('createPod() makes again a network that was removed under it', async () => {
  await on.make(pod('web'), 'uid-1');
  await fails(on.do({ verb: 'removeNetwork', name: 'test' }), 'IN_USE', /test/);
  await on.drop('Pod/default/web');
  await on.podman('network', 'rm', 'test');
  await on.make(pod('web'), 'uid-1');
  await on.drop('Pod/default/web');
  await on.podman('network', 'create', 'theirs');
  await fails(on.do({ verb: 'removeNetwork', name: 'theirs' }), 'REFUSED', /not ours/);
});

test('eight pods made at once leave one pause image and one network', async () => {
  const pods = Array.from({ length: 8 }, (_, i) => pod(`p${i}`));
  const fresh = await bench(later);
  await Promise.all(pods.map((pod, i) => fresh.make(pod, `uid-${i}`)));
  const seen = await fresh.observe();
  assert.equal(seen.pods.size, 8);
  const ids = new Set([...seen.images.values()].map(({ id }) => id));
  assert.equal(ids.size, 2, 'busybox and pause');
});

test('perform() with an aborted signal does nothing and throws the reason', async () => {
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  const opts = { signal: controller.signal, onProgress: () => undefined };
  await assert.rejects(on.engine.perform({ verb: 'createPod', pod: pod('web'), uid: 'u' }, opts), /enough/);
  assert.equal((await on.observe()).pods.size, 0);
});

test('calls go on after the service was ended and started again, and containers live through it', async () => {
  await on.make(pod('web'), 'uid-1');
  const before = await on.pod('Pod/default/web');
  await on.host.stopService();
  await fails(on.observe(), 'ENGINE_UNREACHABLE', /no engine answers/);
  await on.host.startService();
  assert.deepEqual(await on.pod('Pod/default/web'), before);
  await on.drop('Pod/default/web');
});

test('wakes() tells of what is done by hand, and ends with the stream', async () => {
  await on.make(pod('web'), 'uid-1');
  const seen: string[] = [];
  const stream = on.engine.wakes({ signal: on.signal })[Symbol.asyncIterator]();
  const next = stream.next();
  await outcome(async () => {
    await on.podman('kill', 'web-main');
    return (await Promise.race([next, sleep(1000)])) !== undefined;
  });
  seen.push(String((await next).value));
  while (!seen.includes('container web-main died')) seen.push(String((await stream.next()).value));
  await on.host.stopService();
  for (;;) {
    const step = await stream.next().catch((error: unknown) => error);
    if (step instanceof EngineError) break;
    if ((step as IteratorResult<string>).done === true) break;
  }
  await on.host.startService();
  await on.drop('Pod/default/web');
});

test('wakes() says nothing of an exec, and is ended by its signal', async () => {
  await on.make(pod('web'), 'uid-1');
  const controller = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const reason of on.engine.wakes({ signal: controller.signal })) seen.push(reason);
  })();
  await on.exec('web-main', 'true');
  // The events of both come in order: once the rename is there, those of the exec would be.
  await outcome(async () => {
    await on.podman('pause', 'web-main');
    await on.podman('unpause', 'web-main');
    return seen.includes('container web-main unpause');
  });
  controller.abort(new Error('enough'));
  await assert.rejects(following, /enough/);
  assert.deepEqual(
    seen.filter(reason => reason.includes('exec')),
    [],
  );
  await on.drop('Pod/default/web');
});

test('inspect() tells env and limits, sealed, and undefined of what is gone', async () => {
  const limits = {
    cpuLimitMilli: 500,
    cpuRequestMilli: 100,
    memoryLimitBytes: 64 * 2 ** 20,
    memoryRequestBytes: 32 * 2 ** 20,
  };
  const web = pod('web', {
    containers: [container('web', 'main', { resources: limits, env: [{ name: 'A', value: 'b=c' }] })],
  });
  await on.make(web, 'uid-1');
  const id = (await on.pod(web.key)).containers.get('main')?.id ?? '';
  const seen = await on.engine.inspect(id, { signal: on.signal });
  assert.equal(seen?.env.reveal().A, 'b=c');
  assert.equal(seen.cpuLimitMilli, 500);
  assert.equal(seen.memoryLimitBytes, 64 * 2 ** 20);
  await on.drop(web.key);
  assert.equal(await on.engine.inspect(id, { signal: on.signal }), undefined);
});

test('logs() and exec() work on a container of ours', async () => {
  const say = ['/bin/sh', '-c', 'echo out; echo err >&2; sleep 1; echo last; sleep 600'];
  const web = pod('web', { containers: [container('web', 'main', { command: say })], gracePeriodSeconds: 0 });
  await on.make(web, 'uid-1');
  await outcome(async () => (await on.log('web-main')).includes('last'));
  assert.deepEqual((await on.log('web-main')).split('\n').sort(), ['', 'err', 'last', 'out']);
  assert.equal(await on.log('web-main', { tail: 1 }), 'last\n');
  assert.match(await on.log('web-main', { tail: 1, timestamps: true }), /^\d{4}-\d\d-\d\dT\S+ last\n$/);
  assert.equal(await on.log('web-main', { sinceMs: Date.now() + 3_600_000 }), '');
  assert.equal(await on.exec('web-main', 'cat', Buffer.from('through')), 'through');
  const run = (command: readonly string[]): Promise<number> =>
    on.engine.exec('web-main', { command, onOutput: () => undefined, signal: on.signal });
  assert.equal(await run(['sh', '-c', 'exit 7']), 7);
  assert.equal(await run(['/nope']), 127);
  const id = (await on.pod(web.key)).containers.get('main')?.id ?? '';
  await on.do({ verb: 'stopContainer', pod: web.key, name: 'main', id, graceSeconds: 0 });
  await fails(run(['true']), 'REFUSED', /does not run/);
  await on.drop(web.key);
  await fails(run(['true']), 'GONE', /no such container/);
});

test('info() tells how the engine is set up', async () => {
  const info = await on.engine.info({ signal: on.signal });
  assert.equal(info.rootless, false);
  assert.equal(info.networkBackend, 'netavark');
});

test('openHttp() paths cannot be led astray by a name', async () => {
  await on.do({ verb: 'stopContainer', pod: 'Pod/default/x', name: 'x', id: '../../pods/x/stop?a=#', graceSeconds: 1 });
});
