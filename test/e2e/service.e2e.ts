import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EngineError } from '../../src/engine/engine.ts';
import { type OpenOptions, openEngine } from '../../src/podman/service.ts';
import { cleanups } from './bench.ts';
import { type PrivatePodman, privatePodman } from './host.ts';

const later = cleanups();
const { signal } = new AbortController();
let host: PrivatePodman;
let dir: string;
let own: OpenOptions;
before(async () => {
  host = await privatePodman(later);
  dir = await mkdtemp(join(tmpdir(), 'pdo-'));
  later.after(() => rm(dir, { recursive: true, force: true }));
  const { PATH, HOME } = process.env;
  own = {
    env: { PATH, HOME },
    runtimeDir: join(dir, 'run'),
    configDir: join(dir, 'engine'),
    storeArgs: host.storeArgs,
    signal,
  };
});
after(() => later.run());

test('openEngine() takes the engine that is named, and nothing in its place', async () => {
  for (const named of [{ engine: host.url }, { env: { CONTAINER_HOST: host.url } }, { engine: host.socket }]) {
    const found = await openEngine({ ...own, ...named });
    assert.deepEqual([found.socket, found.started, found.containersConf], [host.socket, false, undefined]);
    await found.stop();
  }
  const dead = openEngine({ ...own, engine: 'unix:///nonexistent.sock' });
  await assert.rejects(dead, (error: unknown) => error instanceof EngineError && error.code === 'ENGINE_UNREACHABLE');
  const remote = openEngine({ ...own, env: { CONTAINER_HOST: 'ssh://root@example/run/podman/podman.sock' } });
  await assert.rejects(remote, (error: unknown) => error instanceof EngineError && error.code === 'ENGINE_UNSUITABLE');
});

test('openEngine() says so where its socket can have no directory', async () => {
  const nowhere = openEngine({ ...own, runtimeDir: join(host.containersConf, 'run') });
  await assert.rejects(nowhere, (error: unknown) => {
    assert.ok(error instanceof EngineError);
    assert.equal(error.code, 'ENGINE_UNSUITABLE');
    assert.match(error.hint ?? '', /XDG_RUNTIME_DIR/);
    return true;
  });
});

test('openEngine() starts one engine for many at once, which later runs find and stop', async () => {
  const pidOf = async (): Promise<number> => Number(await readFile(join(own.runtimeDir, 'engine.pid'), 'utf8'));
  const found = await Promise.all([openEngine(own), openEngine(own), openEngine(own)]);
  later.after(async () => found[0]?.stop());
  const pid = await pidOf();
  assert.deepEqual(new Set(found.map(({ socket }) => socket)), new Set([join(own.runtimeDir, 'engine.sock')]));
  assert.equal(await servicesAt(join(own.runtimeDir, 'engine.sock')), 1);
  const again = await openEngine(own);
  assert.equal(again.started, true);
  assert.equal(await pidOf(), pid);
  const file = again.containersConf;
  if (file !== undefined) {
    assert.match(await readFile(file, 'utf8'), /^\[engine\]/);
    assert.deepEqual(Object.values(again.env), [file]);
  }
  // Its own group: what ends ours must not end it.
  const group = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2];
  assert.equal(Number(group), pid);

  process.kill(pid, 'SIGKILL');
  const anew = await openEngine(own);
  assert.notEqual(await pidOf(), pid);
  await anew.stop();
  await anew.stop();
  await assert.rejects(readFile(join(own.runtimeDir, 'engine.pid')), { code: 'ENOENT' });
});

test('openEngine() finds the configuration of an engine that another owner started', async () => {
  const shared = { ...own, runtimeDir: join(dir, 'run4'), configDir: join(dir, 'engine4') };
  const first = await openEngine(shared);
  later.after(() => first.stop());
  const second = await openEngine({ ...shared });
  assert.deepEqual([second.socket, second.env, second.containersConf], [first.socket, first.env, first.containersConf]);
  await first.stop();
});

test('openEngine() passes on the configuration that the environment names', async () => {
  const env = { ...own.env, CONTAINERS_CONF: host.containersConf };
  const found = await openEngine({ ...own, env, runtimeDir: join(dir, 'run6'), configDir: join(dir, 'engine6') });
  await found.stop();
  assert.deepEqual(found.env, { CONTAINERS_CONF: host.containersConf });
});

test('openEngine() neither starts nor takes an engine of ours under systemd, and says what to enable', async () => {
  const isRefused = (error: unknown): boolean =>
    error instanceof EngineError &&
    error.code === 'ENGINE_UNREACHABLE' &&
    /^Run "systemctl (--user )?enable --now podman\.socket"$/.test(error.hint ?? '');
  const none = { ...own, runtimeDir: join(dir, 'run5'), neverEmbed: true };
  await assert.rejects(openEngine(none), isRefused);
  await assert.rejects(readFile(join(none.runtimeDir, 'engine.pid')), { code: 'ENOENT' });
  const ours = await openEngine(own);
  await assert.rejects(openEngine({ ...own, neverEmbed: true }), isRefused);
  await ours.stop();
  assert.equal((await openEngine({ ...own, neverEmbed: true, engine: host.url })).socket, host.socket);
});

test('openEngine() repeats what podman says when it does not start', async () => {
  const broken = { ...own, runtimeDir: join(dir, 'run2'), storeArgs: ['--root', '/proc/nowhere'] };
  await assert.rejects(
    openEngine(broken),
    (error: unknown) => error instanceof EngineError && /nowhere/.test(error.message),
  );
  const absent = { ...own, runtimeDir: join(dir, 'run3'), env: { PATH: '/nonexistent' } };
  await assert.rejects(
    openEngine(absent),
    (error: unknown) => error instanceof EngineError && /Install podman/.test(error.hint ?? ''),
  );
});

async function servicesAt(socket: string): Promise<number> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.filter(command => command.split('\0').includes(`unix://${socket}`)).length;
}
