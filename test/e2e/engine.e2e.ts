import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../../src/engine/engine.ts';
import { labels } from '../../src/model/labels.ts';
import { connectPodman } from '../../src/podman/engine.ts';
import { type Bench, bench, cleanups, fails, outcome } from './bench.ts';
import { container, pod } from './desired.ts';

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

test('a pod of a Deployment in a namespace is known by both', async () => {
  const shop = pod('web-1', { declaredBy: 'Deployment/shop/web' }, 'shop');
  await on.make(shop, 'uid-shop');
  const seen = await on.pod('Pod/shop/web-1');
  assert.equal(seen.engineName, 'shop_web-1');
  assert.equal(seen.declaredBy, 'Deployment/shop/web');
  assert.match((await on.exec('shop_web-1-main', 'hostname')).trim(), /^web-1$/);
  await on.drop(shop.key);
});

/** The engine's database from Podman 5 on; BoltDB's stands elsewhere. */
const sqlite = (): string => join(on.host.root, 'db.sql');

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
  // In SQLite's stores (5.4) a pod and a container may share a name.
  if (!existsSync(sqlite())) await fails(on.do(create), 'NAME_TAKEN', /a container/);
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

test('createContainer() clears away what an engine that died amid it left in its storage, and nothing that runs', async () => {
  const web = pod('web');
  const create = { verb: 'createContainer', pod: web, uid: 'uid-1', container: container('web', 'main') } as const;
  const db = existsSync(sqlite()) ? sqlite() : join(on.host.root, 'libpod/bolt_state.db');
  const putBack = async (from: string, to: string): Promise<void> => {
    await on.host.stopService();
    await copyFile(from, to);
    await on.host.startService();
  };
  await on.do({ verb: 'createPod', pod: web, uid: 'uid-1' });
  await putBack(db, `${db}.before`);
  await on.do(create);
  await putBack(`${db}.before`, db);
  assert.equal((await on.pod(web.key)).containers.size, 0);
  await on.do(create);
  assert.equal((await on.pod(web.key)).containers.get('main')?.state, 'created');
  assert.equal((await on.podman('ps', '-aq', '--external')).trim().split('\n').length, 2);

  await on.do({ ...create, verb: 'startContainer' });
  await putBack(db, `${db}.running`);
  await putBack(`${db}.before`, db);
  await fails(on.do(create), 'NAME_TAKEN', /the name is taken by container \w{12}, which stands .* alone, mounted/);
  await putBack(`${db}.running`, db);
  assert.equal((await on.pod(web.key)).containers.get('main')?.state, 'running');
  await on.drop(web.key);
});

/** Has the storage know a container by another name than the database, as Podman 4.3 was seen to do after renames. */
async function nameInStorage(id: string, name: string): Promise<void> {
  await on.host.stopService();
  const drivers = (await readdir(on.host.root)).filter(each => each.endsWith('-containers'));
  for (const driver of drivers) {
    const path = join(on.host.root, driver, 'containers.json');
    const all: { readonly id: string }[] = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(all.map(each => (each.id === id ? { ...each, names: [name] } : each))));
  }
  await on.host.startService();
}

test('createContainer() frees a name that the storage keeps for another container of ours, and says who else has it', async () => {
  const web = pod('web');
  const create = { verb: 'createContainer', pod: web, uid: 'uid-1', container: container('web', 'main') } as const;
  await on.do({ verb: 'createPod', pod: web, uid: 'uid-1' });
  await on.podman('run', '-d', '--name', 'theirs', 'localhost/bb:1');
  const { Id: theirs } = JSON.parse(await on.podman('inspect', '--format', '{"Id":"{{.Id}}"}', 'theirs'));
  await nameInStorage(theirs, 'web-main');
  const refused = await fails(
    on.do(create),
    'NAME_TAKEN',
    /by container "theirs", which the engine's storage still has/,
  );
  const hint = /podman rename theirs theirs-x && podman rename theirs-x theirs$/;
  assert.match(refused.hint ?? '', hint);
  for (const names of [
    ['theirs', 'theirs-x'],
    ['theirs-x', 'theirs'],
  ])
    await on.podman('rename', ...names);
  await on.do(create);
  const live = async (): Promise<string | undefined> => (await on.pod(web.key)).containers.get('main')?.engineName;
  assert.equal(await live(), 'web-main');

  const { id = '' } = (await on.pod(web.key)).containers.get('main') ?? {};
  await nameInStorage(id, 'web-side');
  const side = { ...create, container: container('web', 'side') };
  await on.do(side);
  assert.deepEqual([...(await on.pod(web.key)).containers.values()].map(({ engineName }) => engineName).sort(), [
    'web-main-x',
    'web-side',
  ]);
  await on.do({ verb: 'renameContainer', pod: web.key, name: 'main', id, engineName: 'web-main' });
  assert.equal(await live(), 'web-main');
  await on.drop(web.key);
  await on.podman('rm', '-f', '-t', '0', 'theirs');
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
